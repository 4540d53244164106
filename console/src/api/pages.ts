import { data } from './client';

/** One page of a list. */
export interface Paged<T> {
  readonly items: readonly T[];
  readonly next_cursor?: string | null;
}

/** What asks for one. */
export interface PageQuery {
  readonly page_size: number;
  readonly cursor: string | null;
}

const MOST_PAGES = 20;

/**
 * Reads a list to its end, at most 20 pages of it: for lists that are short in every installation.
 * `readAll((page) => api.GET('/api/v1/users', { params: { query: page }, signal }))`.
 */
export async function readAll<T>(
  read: (page: PageQuery) => Promise<{ data?: Paged<T> }>,
  pageSize = 100,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page: Paged<T> = await data(read({ page_size: pageSize, cursor }));
    items.push(...page.items);
    if (!page.next_cursor) break;
    cursor = page.next_cursor;
  }
  return items;
}
