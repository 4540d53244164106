import { expect, test } from 'vitest';
import { matches } from './filter';
import type { Event } from './queries';

const EVENT: Event = {
  first_seen: '2026-01-01T00:00:00Z',
  last_seen: '2026-01-01T00:00:00Z',
  level: 'warning',
  resource_kind: 'pod',
  resource_name: 'wine-v1-abc',
  version: 'v1',
  reason: 'Exited',
  message: 'the process ended (exit code 1)',
  count: 2,
};
const ALL = { level: [], kind: [], q: '' };

test('an empty filter lets everything through', () => {
  expect(matches(EVENT, ALL)).toBe(true);
});

test('level, kind and word each have to fit', () => {
  expect(matches(EVENT, { ...ALL, level: ['error'] })).toBe(false);
  expect(matches(EVENT, { ...ALL, level: ['error', 'warning'], kind: ['pod'] })).toBe(true);
  expect(matches(EVENT, { ...ALL, kind: ['service'] })).toBe(false);
  expect(matches(EVENT, { ...ALL, q: ' EXIT CODE ' })).toBe(true);
  expect(matches(EVENT, { ...ALL, q: 'memory' })).toBe(false);
});
