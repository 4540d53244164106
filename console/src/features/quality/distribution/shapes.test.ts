import { expect, test } from 'vitest';
import { outline, ticksOf } from './shapes';

test('bars side by side have one upper edge', () => {
  const steps = [
    { from: 0, to: 10, y: 5 },
    { from: 10, to: 20, y: 1.26 },
  ];
  expect(outline(steps)).toBe('M0 5H10L10 1.3H20');
});

test('ticks are few round numbers within the range', () => {
  expect(ticksOf(0.3, 9.7, 6).map(({ value }) => value)).toEqual([2, 4, 6, 8]);
  expect(ticksOf(0, 1, 5).map(({ value, anchor }) => [value, anchor])).toEqual([
    [0, 'start'],
    [0.2, 'middle'],
    [0.4, 'middle'],
    [0.6, 'middle'],
    [0.8, 'middle'],
    [1, 'end'],
  ]);
  expect(ticksOf(1, 9, 2).map(({ value }) => value)).toEqual([1, 9]);
  expect(ticksOf(3, 3, 6).map(({ value }) => value)).toEqual([3]);
});
