import type { NewErasure } from './queries';

export const BYS = ['client_request_ids', 'request_ids', 'column'] as const;
export type By = (typeof BYS)[number];

/** What the form holds; named as the API names it, so that a refusal finds its field. */
export interface OrderValues {
  readonly by: By;
  readonly client_request_ids?: string;
  readonly request_ids?: string;
  readonly column?: string;
  readonly values?: string;
  readonly confirm?: string;
}

/** The lines of a field that hold something; what surrounds them is no part of an id. */
export function lines(text: string | undefined): string[] {
  return (text ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** The order that the form says: by one of the three alone. */
export function orderOf(values: OrderValues): NewErasure {
  if (values.by === 'column') return { column: (values.column ?? '').trim(), values: lines(values.values) };
  return { [values.by]: lines(values[values.by]) };
}
