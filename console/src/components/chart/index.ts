export { csvCell } from './csv';
export { SeriesChart } from './SeriesChart';
export type { ChartMark, ChartProps, ChartSeries } from './types';
