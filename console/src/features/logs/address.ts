import { flag, listOf, type SearchValues, text } from '@/components/page/useSearchState';
import { isoRange, type Range, resolveRange } from '@/components/time/timeRange';

export const LEVELS = ['error', 'warning', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

/** Everything that decides what the page shows; the range stands beside it (`useTimeRange`). */
export const PARAMS = {
  version: text(),
  pod: text(),
  level: listOf(LEVELS),
  search: text(),
  regex: flag(),
  request: text(),
  follow: flag(),
  wrap: flag(),
  /** The line whose neighbours are shown. */
  line: text(),
};

export type Filters = SearchValues<typeof PARAMS>;

/** What a line must have, as the API's parameters: those alone that are chosen. */
export function lineQuery(filters: Filters) {
  const { version, pod, level, search, regex, request } = filters;
  return {
    ...(version && { version }),
    ...(pod && { pod }),
    ...(level.length > 0 && { level: [...level] }),
    ...(request && { request_id: request }),
    ...(search && (regex ? { regex: search } : { search })),
  };
}

/** The same with the moments between which it was printed; a span has no end. */
export function rangeQuery(range: Range, now: number) {
  const { from, to } = isoRange(resolveRange(range, now));
  return 'span' in range ? { from } : { from, to };
}
