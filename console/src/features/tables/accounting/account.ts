import type { Schemas } from '@/api';
import type { Range } from '@/components/time/timeRange';
import { resolveRange } from '@/components/time/timeRange';

export type Account = Schemas['AccountingPage'];
export type AccountPoint = Schemas['AccountingPoint'];

const STEPS_S = [60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, 86_400];
const MOST_POINTS = 200;

export interface Grid {
  /** ms, a multiple of the step. */
  readonly from: number;
  readonly to: number;
  readonly stepS: number;
}

/** Steps of a round length that a chart of the range has room for, beginning where such a step does. */
export function gridOf(range: Range, now: number, least = 60): Grid {
  const { from, to } = resolveRange(range, now);
  const stepS =
    STEPS_S.find((step) => step >= least && (to - from) / 1000 / step <= MOST_POINTS) ??
    STEPS_S.at(-1) ??
    86_400;
  return { from: Math.floor(from / (stepS * 1000)) * stepS * 1000, to, stepS };
}

/** One value a step: what the answer leaves out is `absent`. */
export function filled<T extends { start: string }>(
  items: readonly T[],
  { from, to, stepS }: Grid,
  value: (item: T) => number | null,
  absent: number | null = 0,
): (number | null)[] {
  const length = Math.max(0, Math.ceil((to - from) / (stepS * 1000)));
  const values = Array.from({ length }, () => absent);
  for (const item of items) {
    const index = Math.floor((Date.parse(item.start) - from) / (stepS * 1000));
    if (index >= 0 && index < length) values[index] = value(item);
  }
  return values;
}

export function droppedOf(point: AccountPoint): number {
  return Object.values(point.dropped ?? {}).reduce((sum, count) => sum + count, 0);
}

/** Reasons with their counts, the most frequent first. */
export function reasonsOf(point: AccountPoint): { reason: string; count: number }[] {
  return Object.entries(point.dropped ?? {})
    .map(([reason, count]) => ({ reason, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}
