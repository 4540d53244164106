import { expect, test } from 'vitest';
import { changedOnly, differences, flatten, shownValue } from './fieldChanges';

test('nested fields are named as in the API, lists are one value', () => {
  const flat = flatten({ replicas: { min: 0, max: 2 }, tags: {}, origins: ['a', 'b'], name: 'v1' });
  expect([...flat]).toEqual([
    ['replicas.min', 0],
    ['replicas.max', 2],
    ['tags', null],
    ['origins', ['a', 'b']],
    ['name', 'v1'],
  ]);
});

test('a number that becomes a range is three changes', () => {
  expect(differences({ replicas: 1 }, { replicas: { min: 0, max: 2 } })).toEqual([
    { field: 'replicas', before: 1, after: null },
    { field: 'replicas.min', before: null, after: 0 },
    { field: 'replicas.max', before: null, after: 2 },
  ]);
});

test('only the named fields are compared', () => {
  expect(differences({ a: 1, revision: 1 }, { a: 1, revision: 2 }, ['a'])).toEqual([]);
});

test('a body holds what is new', () => {
  const now = { description: '', auth_enabled: true, rate_limit: { qps: 5, burst: null } };
  expect(changedOnly(now, { description: 'x', auth_enabled: true, rate_limit: { qps: 5 } })).toEqual({
    description: 'x',
  });
  expect(changedOnly(now, { rate_limit: null })).toEqual({ rate_limit: null });
});

test('what is not set has no text', () => {
  expect(shownValue(null)).toBeNull();
  expect(shownValue('')).toBeNull();
  expect(shownValue(false)).toBe('false');
  expect(shownValue(['a'])).toBe('["a"]');
});
