import { expect, test } from 'vitest';
import { namedRules } from './rules';

test('rules that are not typed out are not tried', () => {
  const typed = [{ column: ' customer ', action: 'drop' as const }, { column: '  ' }, { column: 'city' }];
  expect(namedRules(typed)).toEqual([
    { column: 'customer', action: 'drop' },
    { column: 'city', action: 'hash' },
  ]);
  expect(namedRules(undefined)).toEqual([]);
});
