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

test('lists and structures have no order', () => {
  expect(['BIGINT', 'STRING', 'ARRAY<STRING>', 'STRUCT<a: INT>'].map(hasOrder)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
