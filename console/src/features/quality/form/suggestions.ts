import { OF_THE_REQUEST } from '@/components/column/ofRequest';
import { metricOf } from '../metrics';
import type { ColumnStatistics } from '../queries';
import { type RuleValues, ruleValues } from './values';

/** What can be watched of a column. */
export type Watch = 'drift' | 'nulls' | 'range' | 'new-values';

const NUMBERS = /^(TINYINT|SMALLINT|INT|INTEGER|BIGINT|FLOAT|DOUBLE|DECIMAL)/i;
/** Of the rows of a request, beside what is of the request. */
const OF_ROWS = new Set(['row_index', 'error', 'features_json', 'prediction_json']);

/** Features and predictions, which rules are about. */
export function ofModel(columns: readonly ColumnStatistics[]): ColumnStatistics[] {
  return columns.filter(({ name }) => !OF_THE_REQUEST.has(name) && !OF_ROWS.has(name));
}

export function watchesOf({ type }: ColumnStatistics): Watch[] {
  if (NUMBERS.test(type)) return ['drift', 'nulls', 'range'];
  return type.toUpperCase() === 'STRING' || type.toUpperCase() === 'BOOLEAN'
    ? ['drift', 'nulls', 'new-values']
    : ['nulls'];
}

/** A rule on a column, with values that are sensible for what is known of it. */
export function suggested(
  watch: Watch,
  column: ColumnStatistics,
  taken: readonly string[],
  /** What the model calls it. */
  called = column.name,
): RuleValues {
  const name = freeName(`${watch}-${slug(called)}`, taken);
  const of = (kind: RuleValues['kind'], metric: string, bounds?: readonly [number, number]): RuleValues => {
    const [warning, critical] = bounds ?? metricOf(kind, metric)?.bounds ?? [null, null];
    return ruleValues(null, { name, kind, metric, columns: [column.name], warning, critical });
  };
  switch (watch) {
    case 'drift':
      return of('drift', 'psi');
    case 'nulls':
      return of('data_quality', 'null_rate', nullBounds(column));
    case 'range':
      return of('data_quality', 'out_of_range_rate');
    case 'new-values':
      return of('data_quality', 'new_value_rate');
  }
}

/** Twice and five times what is missing now, at least 1 % and 5 %: what always was so is no alarm. */
function nullBounds({ nulls, count }: ColumnStatistics): [number, number] {
  const share = nulls + count === 0 ? 0 : nulls / (nulls + count);
  const rounded = (value: number) => Math.round(Math.min(value, 1) * 1000) / 1000;
  const warning = rounded(Math.max(0.01, Math.min(2 * share, share + (1 - share) / 3)));
  const critical = rounded(Math.max(0.05, Math.min(5 * share, share + (2 * (1 - share)) / 3)));
  return [warning, critical];
}

function slug(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return plain.replace(/^-+|-+$/g, '').slice(0, 40) || 'column';
}

function freeName(name: string, taken: readonly string[]): string {
  let number = 1;
  while (taken.includes(number === 1 ? name : `${name}-${number}`)) number += 1;
  return number === 1 ? name : `${name}-${number}`;
}
