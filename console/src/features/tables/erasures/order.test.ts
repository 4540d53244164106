import { expect, test } from 'vitest';
import { lines, orderOf } from './order';
import { progressOf } from './progress';

test('an order names whose rows go in one way alone, whatever else was typed', () => {
  const typed = {
    client_request_ids: 'a-1\r\n\n  a-2 ',
    request_ids: 'r',
    column: ' customer ',
    values: '4711',
  };
  expect(orderOf({ by: 'client_request_ids', ...typed })).toEqual({ client_request_ids: ['a-1', 'a-2'] });
  expect(orderOf({ by: 'request_ids', ...typed })).toEqual({ request_ids: ['r'] });
  expect(orderOf({ by: 'column', ...typed })).toEqual({ column: 'customer', values: ['4711'] });
  expect(lines(undefined)).toEqual([]);
});

test('an order is under way in its tables, then in their old files', () => {
  const order = { id: '1', by: 'column', column: 'c', creator: 'a', service: 's', subjects: 1 } as const;
  const at = '2026-03-01T00:00:00Z';
  const times = { ordered_at: at, final_by: at };
  expect(progressOf({ ...order, ...times, status: 'accepted', receipt: null }).step).toBe(1);
  const tables = { 's.payload': { rows: 2, files_rewritten: 3, files_gone: 1 }, 's.inferences': { rows: 4 } };
  const running = { ...order, ...times, status: 'running', receipt: { tables, first_pass_at: at } } as never;
  expect(progressOf(running)).toEqual({ step: 2, rows: 6, filesRewritten: 3, filesGone: 1 });
});
