import type { ChartSeries } from '../queries';

/** How a version has done of late; null: not measured. */
export interface LiveFigures {
  readonly requestsPerSecond: number | null;
  /** Share of answers 5xx; null where nothing was asked. */
  readonly errorRate: number | null;
  readonly p99Ms: number | null;
}

/** The figures of one version, from the newest steps of its series. */
export function liveFigures(series: readonly ChartSeries[], version: string): LiveFigures {
  const of = (metric: string) =>
    series.find((one) => one.metric === metric && one.version === version)?.values;
  const [requests, errors] = [mean(of('requests_per_second')), mean(of('status_5xx'))];
  const latency = of('latency_p99')?.findLast((value) => value !== null);
  return {
    requestsPerSecond: requests,
    errorRate: requests === null || requests === 0 ? null : Math.min(1, (errors ?? 0) / requests),
    p99Ms: latency === null || latency === undefined ? null : latency * 1000,
  };
}

/** Gaps are no zeros: they do not count. */
function mean(values: readonly (number | null)[] | undefined): number | null {
  const known = values?.filter((value) => value !== null) ?? [];
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
}
