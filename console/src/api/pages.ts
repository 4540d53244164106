/** One page of a list. */
export interface Paged<T> {
  readonly items: readonly T[];
  readonly next_cursor?: string | null;
}

const MOST_PAGES = 20;

/** Reads a list to its end, at most 20 pages of it: for lists that are short in every installation. */
export async function readAll<T>(read: (cursor: string | undefined) => Promise<Paged<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await read(cursor);
    items.push(...page.items);
    if (!page.next_cursor) break;
    cursor = page.next_cursor;
  }
  return items;
}
