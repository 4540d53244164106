import { type ChartProps, momentsOf } from './types';

/** The chart's values as CSV: a line a moment, times in ISO-8601 UTC, gaps empty. */
export function chartCsv(chart: Pick<ChartProps, 'from' | 'stepS' | 'series'>): string {
  const head = ['time', ...chart.series.map((one) => one.label)].map(csvCell).join(',');
  const rows = momentsOf(chart).map((at, index) =>
    [new Date(at).toISOString(), ...chart.series.map((one) => String(one.values[index] ?? ''))].join(','),
  );
  return `${[head, ...rows].join('\r\n')}\r\n`;
}

/** A cell of CSV; what a spreadsheet would run as a formula is led by a quote. */
export function csvCell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
