import type { Schemas } from '@/api';

export type Kind = Schemas['NewMonitor']['kind'];

/** Before labels come; they need a column of the probability. */
const ESTIMATED = ['accuracy', 'precision', 'recall', 'f1', 'auc'].map((name) => `estimated_${name}`);

/** What a rule needs to know of the number that it judges. */
export interface Metric {
  readonly name: string;
  /** Below the threshold is too little, as of an accuracy. */
  readonly isLowerWorse?: boolean;
  readonly isOfColumns?: boolean;
  readonly hasBaseline?: boolean;
  readonly bounds: Bounds;
}

type Bounds = readonly [warning: number, critical: number];

const all =
  (of: Omit<Metric, 'name' | 'bounds'>) =>
  (bounds: Bounds, ...names: string[]): Metric[] =>
    names.map((name) => ({ ...of, name, bounds }));

/** Of each column; beside a baseline; of which too little is bad; of which too much is. */
const [ofColumns, distances, low, high] = [
  all({ isOfColumns: true }),
  all({ isOfColumns: true, hasBaseline: true }),
  all({ isLowerWorse: true }),
  all({}),
];

/** The metrics of each kind, as the platform has them, with thresholds that are sensible for most. */
export const METRICS: Record<Kind, readonly Metric[]> = {
  drift: [
    ...distances([0.1, 0.25], 'psi', 'tv_distance', 'l_infinity'),
    ...distances([0.1, 0.2], 'js_distance', 'ks'),
    ...distances([0.1, 0.3], 'chi_squared'),
    ...distances([0.2, 0.5], 'wasserstein'),
    ...distances([0.01, 0.05], 'new_value_rate'),
  ],
  data_quality: [
    ...ofColumns([0.01, 0.05], 'null_rate', 'nan_rate'),
    ...ofColumns([0.5, 0.9], 'zero_rate'),
    ...distances([0.01, 0.05], 'out_of_range_rate', 'new_value_rate'),
    ...high([0.001, 0.01], 'type_mismatch'),
    ...high([0.01, 0.05], 'error_share'),
    ...high([3600, 21_600], 'freshness'),
    ...low([100, 1], 'row_count'),
  ],
  model_quality: [
    ...low([0.9, 0.8], 'accuracy', 'precision', 'recall', 'f1', 'auc'),
    ...high([0.5, 1], 'log_loss'),
    ...high([1, 2], 'mae', 'rmse'),
    ...low([0.7, 0.5], 'r2'),
    ...low([0.5, 0.1], 'coverage'),
    ...low([0.9, 0.8], ...ESTIMATED),
  ],
  service_quality: [
    ...high([0.01, 0.05], 'error_rate'),
    ...high([0.01, 0.1], 'throttled_share'),
    ...high([0.1, 0.5], 'latency_p50'),
    ...high([0.2, 1], 'latency_p90'),
    ...high([0.5, 2], 'latency_p99'),
    ...low([10, 1], 'requests'),
  ],
  cost: [
    ...high([24, 48], 'pod_hours', 'cpu_core_hours'),
    ...high([48, 96], 'memory_gib_hours'),
    ...high([1, 10], 'pod_hours_per_1000_requests'),
  ],
};

export const KINDS = Object.keys(METRICS) as Kind[];

export function metricOf(kind: Kind, name: string): Metric | undefined {
  return METRICS[kind].find((metric) => metric.name === name);
}

/** Whether a rule on it cannot do without the column of the probability. */
export const isEstimated = (name: string) => ESTIMATED.includes(name);
