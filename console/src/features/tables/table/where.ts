import type { ApiError } from '@/api';

/** A filter that was refused, cut where the server stopped understanding it. */
export interface WrongFilter {
  readonly message: string;
  /** From 1; null where it is wrong as a whole. */
  readonly place: number | null;
  readonly before: string;
  readonly wrong: string;
  readonly after: string;
}

/** What an answer says about `where`; null where it says nothing about it. Characters are counted whole, as the server counts. */
export function wrongFilter(error: ApiError | null, where: string): WrongFilter | null {
  const detail = error?.details.find(({ loc }) => loc[0] === 'query' && loc[1] === 'where');
  if (detail === undefined) return null;
  const place = typeof detail.loc[2] === 'number' ? detail.loc[2] : null;
  const characters = Array.from(where);
  const at = place === null ? characters.length : Math.min(place - 1, characters.length);
  return {
    message: detail.msg,
    place,
    before: characters.slice(0, at).join(''),
    wrong: characters[at] ?? '',
    after: characters.slice(at + 1).join(''),
  };
}
