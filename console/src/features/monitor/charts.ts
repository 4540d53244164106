import type { ChartSeries } from '@/components/chart';
import type { Formats, Texts } from '@/i18n';
import type { Charts, Line } from './queries';

type Text = Texts['monitor'];

export interface ChartPlan {
  readonly key: keyof Text['charts'];
  readonly group: keyof Text['groups'];
  readonly metrics: readonly string[];
  readonly format: (formats: Formats) => (value: number) => string;
}

const plain = (formats: Formats) => (value: number) => formats.number(value, 2);
const seconds = (formats: Formats) => (value: number) => formats.milliseconds(value * 1000);
const bytes = (formats: Formats) => (value: number) => formats.bytes(value);

/** The charts of the page, in their order. */
export const PLANS: readonly ChartPlan[] = [
  { key: 'requests', group: 'traffic', metrics: ['requests_per_second'], format: plain },
  { key: 'classes', group: 'traffic', metrics: ['responses_by_class'], format: plain },
  {
    key: 'latency',
    group: 'traffic',
    metrics: ['latency_p50', 'latency_p90', 'latency_p99'],
    format: seconds,
  },
  { key: 'throttled', group: 'traffic', metrics: ['throttled_per_second'], format: plain },
  { key: 'inFlight', group: 'traffic', metrics: ['in_flight'], format: plain },
  {
    key: 'bytes',
    group: 'traffic',
    metrics: ['bytes_in_per_second', 'bytes_out_per_second'],
    format: bytes,
  },
  { key: 'cpu', group: 'resources', metrics: ['cpu_cores'], format: plain },
  { key: 'memory', group: 'resources', metrics: ['memory_bytes'], format: bytes },
  {
    key: 'pods',
    group: 'instances',
    metrics: ['replicas_wanted', 'replicas_running', 'replicas_ready'],
    format: plain,
  },
];

/** Every metric that the page asks for. */
export const METRICS: readonly string[] = PLANS.flatMap((plan) => plan.metrics);

/** Lines of one chart, named by what tells them apart. */
export function seriesOf(plan: ChartPlan, charts: Charts, t: Text): ChartSeries[] {
  const lines = charts.series.filter((line) => plan.metrics.includes(line.metric));
  return lines.map((line) => ({ label: labelOf(plan, line, t), values: line.values }));
}

function labelOf(plan: ChartPlan, line: Line, t: Text): string {
  const version = line.version === '' ? t.unknownVersion : line.version;
  const measure = plan.metrics.length > 1 ? (t.lines[line.metric] ?? line.metric) : null;
  const parts = [line.pod ?? version, measure, line.label];
  return parts.filter((part) => part !== null && part !== undefined).join(' ') || t.charts[plan.key];
}
