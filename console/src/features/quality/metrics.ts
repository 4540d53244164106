import type { Schemas } from '@/api';

export type Kind = Schemas['NewMonitor']['kind'];

/** What a rule needs to know of the number that it judges. */
export interface Metric {
  readonly name: string;
  /** Below the threshold is too little, as of an accuracy. */
  readonly isLowerWorse?: boolean;
  readonly isOfColumns?: boolean;
  readonly hasBaseline?: boolean;
  /** Thresholds that are sensible for most: warning, critical. */
  readonly bounds: readonly [number, number];
}

const column = (name: string, ...bounds: [number, number]): Metric => ({ name, isOfColumns: true, bounds });
const distance = (name: string, ...bounds: [number, number]): Metric => ({
  ...column(name, ...bounds),
  hasBaseline: true,
});
const low = (name: string, ...bounds: [number, number]): Metric => ({ name, isLowerWorse: true, bounds });
const high = (name: string, ...bounds: [number, number]): Metric => ({ name, bounds });

/** The metrics of each kind, as the platform has them. */
export const METRICS: Record<Kind, readonly Metric[]> = {
  drift: [
    distance('psi', 0.1, 0.25),
    distance('js_distance', 0.1, 0.2),
    distance('ks', 0.1, 0.2),
    distance('wasserstein', 0.2, 0.5),
    distance('chi_squared', 0.1, 0.3),
    distance('tv_distance', 0.1, 0.25),
    distance('l_infinity', 0.1, 0.25),
    distance('new_value_rate', 0.01, 0.05),
  ],
  data_quality: [
    column('null_rate', 0.01, 0.05),
    column('nan_rate', 0.01, 0.05),
    column('zero_rate', 0.5, 0.9),
    distance('out_of_range_rate', 0.01, 0.05),
    distance('new_value_rate', 0.01, 0.05),
    high('type_mismatch', 0.001, 0.01),
    low('row_count', 100, 1),
    high('freshness', 3600, 21_600),
    high('error_share', 0.01, 0.05),
  ],
  model_quality: [
    low('accuracy', 0.9, 0.8),
    low('precision', 0.9, 0.8),
    low('recall', 0.9, 0.8),
    low('f1', 0.9, 0.8),
    low('auc', 0.9, 0.8),
    high('log_loss', 0.5, 1),
    high('mae', 1, 2),
    high('rmse', 1, 2),
    low('r2', 0.7, 0.5),
    low('coverage', 0.5, 0.1),
  ],
  service_quality: [
    high('error_rate', 0.01, 0.05),
    high('throttled_share', 0.01, 0.1),
    high('latency_p50', 0.1, 0.5),
    high('latency_p90', 0.2, 1),
    high('latency_p99', 0.5, 2),
    low('requests', 10, 1),
  ],
  cost: [
    high('pod_hours', 24, 48),
    high('cpu_core_hours', 24, 48),
    high('memory_gib_hours', 48, 96),
    high('pod_hours_per_1000_requests', 1, 10),
  ],
};

export const KINDS = Object.keys(METRICS) as Kind[];

export function metricOf(kind: Kind, name: string): Metric | undefined {
  return METRICS[kind].find((metric) => metric.name === name);
}
