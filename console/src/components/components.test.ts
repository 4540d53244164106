import { expect, test } from 'vitest';
import { chartCsv, csvCell } from './chart/csv';
import { sparkPath } from './chart/Sparkline';
import { pythonLiteral, shellQuote } from './code/curl';
import { placeErrors } from './form/errors/fieldErrors';
import { integer, listOf, oneOf, readSearch, text } from './page/useSearchState';
import { readRange, resolveRange } from './time/timeRange';

test('a detail goes to the longest field that holds its place', () => {
  const detail = (...loc: (string | number)[]) => ({ loc, msg: loc.join('.') });
  const fields = [['name'], ['version', 'replicas'], ['version', 'replicas', 'max']];
  const placed = placeErrors(
    [detail('body', 'version', 'replicas', 'max'), detail('body', 'version', 'cpu'), detail('body', 'name')],
    fields,
  );
  expect(placed.fields.map((field) => field.name)).toEqual([['version', 'replicas', 'max'], ['name']]);
  expect(placed.rest).toHaveLength(1);
});

test('a gap breaks the line, a lone value is a dot', () => {
  expect(sparkPath([1, 1, null, 1], 96, 24).match(/M/g)).toHaveLength(2);
  expect(sparkPath([], 96, 24)).toBe('');
});

test('CSV runs nothing in a spreadsheet', () => {
  expect(csvCell('=1+1')).toBe("'=1+1");
  expect(csvCell('a "b", c')).toBe('"a ""b"", c"');
  const csv = chartCsv({ from: 0, stepS: 60, series: [{ label: 'v1', values: [1, null] }] });
  expect(csv).toBe('time,v1\r\n1970-01-01T00:00:00.000Z,1\r\n1970-01-01T00:01:00.000Z,\r\n');
});

test('code is quoted', () => {
  expect(shellQuote("it's; rm")).toBe(`'it'\\''s; rm'`);
  expect(pythonLiteral({ a: [true, null, 'x'] })).toBe('{"a": [True, None, "x"]}');
});

test('ranges and parameters of the address; what is wrong is the default', () => {
  expect(readRange({ range: '7d', from: '', to: '' }, '1h')).toEqual({ span: '7d' });
  expect(readRange({ range: 'x', from: '2', to: '1' }, '1h')).toEqual({ span: '1h' });
  expect(resolveRange({ span: '1h' }, 3_600_000)).toEqual({ from: 0, to: 3_600_000 });
  const params = { page: integer(1), tab: oneOf(['a', 'b'], 'a'), q: text(), tags: listOf() };
  expect(readSearch(params, { page: '0', tab: 'c', tags: ['x', 'y'] })).toEqual({
    page: 1,
    tab: 'a',
    q: '',
    tags: ['x', 'y'],
  });
});
