import { expect, test } from 'vitest';
import { linesOf, pairsOf, pairsText } from './lines';
import { merged } from './merged';

test('fields that are not shown keep their value, lists are one value', () => {
  const begin = { name: 'a', baseline: { kind: 'table', location: 'x' }, columns: ['a', 'b'], secret: 's' };
  const typed = { baseline: { kind: 'training' }, columns: ['c'], secret: undefined };
  expect(merged(begin, typed)).toEqual({
    name: 'a',
    baseline: { kind: 'training', location: 'x' },
    columns: ['c'],
    secret: undefined,
  });
});

test('pairs are lines; a value may have = in it', () => {
  expect(linesOf(' a \n\nb')).toEqual(['a', 'b']);
  expect(pairsOf('a = b=c\nd')).toEqual({ a: 'b=c', d: '' });
  expect(pairsOf('d', (name) => name)).toEqual({ d: 'd' });
  expect(pairsText({ a: 'b', c: 1 })).toBe('a = b\nc = 1');
});
