import { expect, test } from 'vitest';
import { evidenceOf } from './evidence';

test('the verdicts of a rule are told from what is only a fact', () => {
  const window = { start: '2026-01-01T00:00:00Z', end: '2026-01-01T01:00:00Z' };
  const column = { column: 'alcohol', slice: null, severity: 'critical', value: 0.4, threshold: 0.25 };
  const found = evidenceOf({
    metric: 'psi',
    rows: 900,
    window,
    columns: [column],
    note: { a: 1 },
    gone: null,
  });
  expect(found).toMatchObject({ metric: 'psi', rows: 900, window, columns: [column] });
  expect(found.facts).toEqual([['note', '{"a":1}']]);
});

test('evidence of another shape is shown as it is', () => {
  const found = evidenceOf({ window: 'yesterday', columns: ['x'], reason: 'away', log_tail: ['a', 'b'] });
  expect(found).toMatchObject({ window: null, columns: [], lines: ['a', 'b'], facts: [['reason', 'away']] });
});

test('of an alert that is over the window is known that was well again', () => {
  const window = { start: '2026-01-01T01:00:00Z', end: '2026-01-01T02:00:00Z' };
  const found = evidenceOf({ metric: 'psi', resolved: { metric: 'psi', window, rows: 9, columns: [] } });
  expect(found).toMatchObject({ window: null, resolved: window, facts: [] });
  expect(evidenceOf({ resolved: { version: 'v1' } }).facts).toEqual([['resolved', '{"version":"v1"}']]);
});
