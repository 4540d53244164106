/** One line of a chart; null is a gap and stays one. */
export interface ChartSeries {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

/** Something that happened, as a line across the chart. */
export interface ChartMark {
  /** ms */
  readonly at: number;
  readonly label: string;
  readonly tone: 'info' | 'bad';
}

export interface ChartProps {
  readonly title: string;
  /** Moment of the first value, ms. */
  readonly from: number;
  readonly stepS: number;
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  readonly marks?: readonly ChartMark[];
  /** Charts with the same key share one cursor. */
  readonly syncKey?: string;
  /** Called with the moments (ms) that were dragged over. */
  readonly onZoom?: (from: number, to: number) => void;
  readonly height?: number;
}

/** Moments of the values, in ms. */
export function momentsOf(chart: Pick<ChartProps, 'from' | 'stepS' | 'series'>): number[] {
  const length = Math.max(0, ...chart.series.map((one) => one.values.length));
  return Array.from({ length }, (_, index) => chart.from + index * chart.stepS * 1000);
}

/** Tells lines apart on both themes; after the last one they begin again, dashed. */
export const COLORS = [
  '#1677ff',
  '#d46b08',
  '#08979c',
  '#c41d7f',
  '#5b8c00',
  '#722ed1',
  '#cf1322',
  '#ad8b00',
];

export function colorOf(index: number): string {
  return COLORS[index % COLORS.length] ?? '#1677ff';
}

export function dashOf(index: number): number[] {
  return index < COLORS.length ? [] : [6, 3];
}
