import { expect, test } from 'vitest';
import { droppedOf, filled, gridOf, reasonsOf } from './account';

const NOW = Date.parse('2026-03-01T12:34:56Z');

test('a grid has round steps and begins where one does', () => {
  expect(gridOf({ span: '1h' }, NOW)).toEqual({
    from: Date.parse('2026-03-01T11:34:00Z'),
    to: NOW,
    stepS: 60,
  });
  expect(gridOf({ span: '24h' }, NOW).stepS).toBe(900);
  expect(gridOf({ span: '1h' }, NOW, 3_600).stepS).toBe(3_600);
  const { from, stepS } = gridOf({ span: '7d' }, NOW);
  expect([stepS, from % (stepS * 1000)]).toEqual([3_600, 0]);
});

test('steps that the answer leaves out are there', () => {
  const grid = { from: NOW, to: NOW + 180_000, stepS: 60 };
  const items = [{ start: new Date(NOW + 60_000).toISOString(), value: 7 }];
  expect(filled(items, grid, ({ value }) => value)).toEqual([0, 7, 0]);
  expect(filled(items, grid, ({ value }) => value, null)).toEqual([null, 7, null]);
});

test('what was dropped is summed, its reasons are ordered', () => {
  const point = {
    start: '',
    accepted: 9,
    stored: 4,
    on_the_way: 0,
    missing: 0,
    dropped: { debug: 1, not_sampled: 4, erased: 0 },
  };
  expect(droppedOf(point)).toBe(5);
  expect(reasonsOf(point).map(({ reason }) => reason)).toEqual(['not_sampled', 'debug']);
});
