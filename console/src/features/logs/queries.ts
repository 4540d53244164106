import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, BASE, data, queryString, type Schemas, watch } from '@/api';
import { type Filters, lineQuery } from './address';

/** A printed line. */
export type Line = Schemas['LogEntry'];

type LinePage = Schemas['Page_LogEntry_'];

const PAGE = 1000;
const AROUND = 30;

export function path(service: string): string {
  return `/services/${encodeURIComponent(service)}/logs`;
}

/** The route answers with a stream too, where lines are followed: here it is a page. */
async function pageOf(answer: Promise<{ data?: unknown }>): Promise<LinePage> {
  return (await answer).data as LinePage;
}

/** Stored lines, newest first, page by page into the past. */
export function linesQuery(service: string, filters: Filters, range: { from: string; to?: string }) {
  return infiniteQueryOptions({
    queryKey: ['log lines', service, lineQuery(filters), range],
    queryFn: ({ pageParam, signal }) =>
      pageOf(
        api.GET('/api/v1/services/{service}/logs', {
          params: {
            path: { service },
            query: { ...lineQuery(filters), ...range, page_size: PAGE, cursor: pageParam || null },
          },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor ?? null,
    // What was printed does not change: only a new question is asked anew.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

/** A line among those that its pod printed before and after it, newest first. */
export function contextQuery(service: string, line: string) {
  return queryOptions({
    queryKey: ['log context', service, line],
    queryFn: ({ signal }) =>
      pageOf(
        api.GET('/api/v1/services/{service}/logs', {
          params: { path: { service }, query: { around: line, lines: AROUND } },
          signal,
        }),
      ),
    enabled: line !== '',
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Where the browser gets the same lines as a text file. */
export function downloadAddress(service: string, filters: Filters, range: { from: string; to?: string }) {
  return `${BASE}/api/v1${path(service)}/download${queryString({ ...lineQuery(filters), ...range })}`;
}

/** Pods of a version that run now; output of those that are gone is found by their names too. */
export function podsQuery(service: string, version: string) {
  return queryOptions({
    queryKey: ['logs of pods', service, version],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/services/{service}/versions/{version}/pods', {
          params: { path: { service, version } },
          signal,
        }),
      ),
    enabled: version !== '',
    meta: watch(['pods'], service),
  });
}

/** Names a line in lists: pod, run and offset; output without an offset by its moment. */
export function keyOf(line: Line): string {
  return line.id ?? `${line.pod}:${line.run}:${line.offset ?? `${line.at} ${line.text.slice(0, 40)}`}`;
}
