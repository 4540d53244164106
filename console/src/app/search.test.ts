import { expect, test } from 'vitest';
import { parseSearch, stringifySearch } from './search';

test('search parameters are plain text, lists repeat their name', () => {
  expect(stringifySearch({ status: ['a', 'b'], q: undefined })).toBe('?status=a&status=b');
  expect(parseSearch(stringifySearch({ a: ['1', '2'], c: 'ü&' }))).toEqual({ a: ['1', '2'], c: 'ü&' });
});
