import { expect, test } from 'vitest';
import { chosenColumns, hasOrder, shortened, shown } from './values';

test('a value is a text on one line, cut between whole characters', () => {
  expect(shown(null)).toBe('–');
  expect(shown([1, 2])).toBe('[1,2]');
  expect(shortened('a\n  b')).toBe('a b');
  expect(shortened('𝛼'.repeat(300))).toBe(`${'𝛼'.repeat(120)}…`);
});

test('columns that are gone from the table are not asked for; a wide table shows its first ones', () => {
  const all = Array.from({ length: 40 }, (_, index) => `c${index}`);
  expect(chosenColumns(['c9', 'gone'], all)).toEqual(['c9']);
  expect(chosenColumns([], all)).toHaveLength(30);
  expect(chosenColumns(['gone'], all)).toHaveLength(30);
});

test('predictions and labels are seen before all else that is known of a request', () => {
  const all = ['request_id', 'row_index', 'request_time', 'prediction_json', 'label_revision', 'acidity'];
  expect(chosenColumns([], [...all, 'prediction', 'label', 'label__double'])).toEqual([
    ...['request_time', 'request_id', 'row_index', 'prediction', 'label', 'label__double'],
    ...['prediction_json', 'label_revision', 'acidity'],
  ]);
  expect(chosenColumns([], ['key', 'label', 'request_time'])).toEqual(['key', 'label', 'request_time']);
});

test('lists and structures have no order', () => {
  expect(['BIGINT', 'STRING', 'ARRAY<STRING>', 'STRUCT<a: INT>'].map(hasOrder)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
