import { expect, test } from 'vitest';
import { withLabels } from './inferences';

const row = (index: number, more: object) => ({ request_id: 'r', row_index: index, error: null, ...more });

test('each row has its own label, and what belongs to the request is not repeated', () => {
  const inferences = [row(0, { prediction: 5, alcohol: 9.5 }), row(1, { prediction: 6, alcohol: null })];
  const labelled = [{ ...inferences[1], label: 7, labelled_at: 'T', label_revision: 1 }];
  const { columns, rows } = withLabels(inferences, labelled);
  expect(columns.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    'index row_index',
    'prediction prediction',
    'label label',
    'feature alcohol',
    'about labels labelled_at',
    'about labels label_revision',
  ]);
  expect(rows.map(({ label }) => label)).toEqual([undefined, 7]);
});

test('a row that failed shows why, and nothing that it does not have', () => {
  const { columns } = withLabels([row(0, { error: 'MODEL_ERROR: no', prediction: null })], []);
  expect(columns.map(({ name }) => name)).toEqual(['row_index', 'error']);
});
