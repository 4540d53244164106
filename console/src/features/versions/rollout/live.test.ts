import { expect, test } from 'vitest';
import type { ChartSeries } from '../queries';
import { liveFigures } from './live';

const series = (metric: string, values: (number | null)[], version = 'v1'): ChartSeries => ({
  metric,
  unit: '1',
  version,
  pod: null,
  label: null,
  values,
});

test('gaps are no zeros, errors are a share of the requests', () => {
  const found = liveFigures(
    [
      series('requests_per_second', [null, 2, 4]),
      series('status_5xx', [null, 0, 0.6]),
      series('latency_p99', [0.1, 0.05, null]),
      series('requests_per_second', [100], 'v2'),
    ],
    'v1',
  );
  expect(found.requestsPerSecond).toBe(3);
  expect(found.errorRate).toBeCloseTo(0.1);
  expect(found.p99Ms).toBe(50);
});

test('without requests there is no error rate', () => {
  expect(liveFigures([series('requests_per_second', [0, 0])], 'v1')).toEqual({
    requestsPerSecond: 0,
    errorRate: null,
    p99Ms: null,
  });
  expect(liveFigures([], 'v1').requestsPerSecond).toBeNull();
});
