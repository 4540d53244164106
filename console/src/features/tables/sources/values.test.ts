import { expect, test } from 'vitest';
import type { Source } from './queries';
import { columnsOf, definitionOf, newSourceOf, valuesOf } from './values';

test('keys are lines of name and column; a column may have = in its name', () => {
  expect(columnsOf('client_request_id = order id\n\nrequest_id\na=b=c')).toEqual({
    client_request_id: 'order id',
    request_id: 'request_id',
    a: 'b=c',
  });
});

test('what the chosen format does not have is left out, and an edit begins with what there is', () => {
  const typed = {
    ...valuesOf(null),
    name: ' truth ',
    location: 'file:///t',
    query: 'SELECT 1',
    label: ' quality ',
  };
  expect(newSourceOf(typed)).toMatchObject({
    name: 'truth',
    location: 'file:///t',
    query: null,
    label: 'quality',
  });
  expect(definitionOf({ ...typed, format: 'sql' })).toMatchObject({ location: null, query: 'SELECT 1' });
  const two = {
    format: 'delta',
    location: 's3://l',
    key: { request_id: 'r' },
    label: { a: 'x', b: 'y' },
    schedule: null,
  };
  const values = valuesOf(two as unknown as Source);
  expect([values.label, values.schedule]).toEqual(['a = x\nb = y', '']);
  expect(definitionOf(values).label).toEqual({ a: 'x', b: 'y' });
});
