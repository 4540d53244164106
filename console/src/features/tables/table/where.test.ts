import { expect, test } from 'vitest';
import { ApiError } from '@/api';
import { wrongFilter } from './where';

const refused = (loc: (string | number)[]) =>
  new ApiError('where, at character 3: no', 400, 'INVALID_PARAMETER_VALUE', null, [{ loc, msg: 'no' }]);

test('a filter is cut at the character that the server names, whole characters counted', () => {
  expect(wrongFilter(refused(['query', 'where', 3]), '𝛼 ? 1')).toEqual({
    message: 'no',
    place: 3,
    before: '𝛼 ',
    wrong: '?',
    after: ' 1',
  });
});

test('a filter that ends too early is wrong behind its end; one without a place as a whole', () => {
  expect(wrongFilter(refused(['query', 'where', 4]), 'a >')).toMatchObject({ before: 'a >', wrong: '' });
  expect(wrongFilter(refused(['query', 'where']), 'a > 1')).toMatchObject({ place: null, before: 'a > 1' });
});

test('what is wrong elsewhere says nothing about the filter', () => {
  expect(wrongFilter(refused(['query', 'order']), 'a > 1')).toBeNull();
  expect(wrongFilter(null, 'a')).toBeNull();
});
