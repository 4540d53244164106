import { listOf, oneOf, type SearchSetter, type SearchValues, text } from '@/components/page/useSearchState';
import { RANGE_PARAMS, type Span } from '@/components/time/timeRange';

export const VIEWS = ['rows', 'statistics', 'columns'] as const;
export const FALLBACK: Span = '7d';

export const PARAMS = {
  table: text(),
  view: oneOf(VIEWS, 'rows'),
  where: text(),
  columns: listOf<string>(),
  order: text(),
  cursor: text(),
  at: text(),
  ...RANGE_PARAMS,
};

export type RowsSearch = SearchValues<typeof PARAMS>;
export type SetRowsSearch = SearchSetter<typeof PARAMS>;

/** What every other selection or order begins with: a cursor belongs to one of them. */
export const FIRST_PAGE = { cursor: '', at: '' };
