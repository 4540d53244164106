import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas } from '@/api';

/** Several metrics on one time axis: `values[i]` belongs to the step that begins at `from` + i × `step_s`. */
export type Charts = Schemas['ChartsView'];
export type Line = Schemas['ChartSeries'];

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
      const only = { version: version || null, pod: pod || null };
      const query = { metrics: metrics.join(','), from: start, to, step, by, ...only };
      const params = { path: { service }, query };
      return data(api.GET('/api/v1/services/{service}/charts', { params, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: filter.spanS === null ? false : filter.step === 10 ? LIVE_MS : REFRESH_MS,
  });
