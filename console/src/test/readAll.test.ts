import { expect, test } from 'vitest';
import { api, readAll } from '@/api';
import { serve } from './server';

test('a list is read to its end, page by page', async () => {
  const requests = serve({
    'GET /users': (request: Request) =>
      new URL(request.url).searchParams.has('cursor')
        ? { items: [{ name: 'b' }], next_cursor: null }
        : { items: [{ name: 'a' }], next_cursor: 'more' },
  });
  const users = await readAll((page) => api.GET('/api/v1/users', { params: { query: page } }), 1);
  expect(users.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(requests.seen.map(({ query }) => query.get('cursor'))).toEqual([null, 'more']);
  expect(requests.seen[0]?.query.get('page_size')).toBe('1');
});
