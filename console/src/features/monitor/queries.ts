import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, call, data, type Schemas, watch } from '@/api';

export interface Line {
  readonly metric: string;
  readonly version: string | null;
  readonly pod: string | null;
  readonly label: string | null;
  readonly values: readonly (number | null)[];
}

/** The answer of `/services/{s}/charts`: `values[i]` belongs to the step that begins at `from` + i × `step_s`. */
export interface Charts {
  readonly from: string;
  readonly to: string;
  readonly step_s: number;
  readonly series: readonly Line[];
}

export interface ChartsFilter {
  readonly service: string;
  readonly metrics: readonly string[];
  /** ISO-8601; null where the range ends now. */
  readonly from: string | null;
  readonly to: string | null;
  /** Length of a range that ends now, in seconds. */
  readonly spanS: number | null;
  readonly step: number | null;
  readonly by: 'version' | 'pod' | 'none';
  readonly version: string;
  readonly pod: string;
}

const LIVE_MS = 10_000;
const REFRESH_MS = 30_000;

export const chartsQuery = (filter: ChartsFilter) =>
  queryOptions({
    queryKey: ['charts', filter],
    queryFn: ({ signal }) => {
      const { service, metrics, spanS, from, to, step, by, version, pod } = filter;
      const start = spanS === null ? from : new Date(Date.now() - spanS * 1000).toISOString();
      const query = { metrics: metrics.join(','), from: start, to, step, by, version, pod };
      return call<Charts>('GET', `/services/${encodeURIComponent(service)}/charts`, { query, signal });
    },
    placeholderData: keepPreviousData,
    refetchInterval: filter.spanS === null ? false : filter.step === 10 ? LIVE_MS : REFRESH_MS,
  });

export const eventsQuery = (service: string) =>
  queryOptions({
    queryKey: ['monitor events', service],
    queryFn: async ({ signal }) =>
      (
        await data(
          api.GET('/api/v1/services/{service}/events', {
            params: { path: { service }, query: { page_size: 100 } },
            signal,
          }),
        )
      ).items,
    meta: watch(['service', 'version', 'pods'], service),
  });

export type Version = Schemas['VersionView'];

export const versionNamesQuery = (service: string) =>
  queryOptions({
    queryKey: ['monitor versions', service],
    queryFn: async ({ signal }) =>
      (await data(api.GET('/api/v1/services/{service}/versions', { params: { path: { service } }, signal })))
        .items,
    meta: watch(['version'], service),
  });
