import { expect, test } from 'vitest';
import { readSignature } from '@/components/model/signature';
import { emptyTable, readTable, type TableBody, writeTable } from './body';
import { importCsv, parseCsv } from './csv';
import { differences } from './differences';

const fields =
  readSignature({
    inputs: [
      { type: 'string', name: 'name', required: true },
      { type: 'long', name: 'age', required: true },
      { type: 'boolean', name: 'member', required: false },
    ],
  })?.inputs ?? [];

const bodies = [
  '{"dataframe_split": {"columns": ["name", "age"], "data": [["Ann", 40]]}}',
  '{"dataframe_records": [{"name": "Ann", "age": 40}], "params": {"k": 1}}',
  '{"inputs": {"name": ["Ann"], "age": [40]}, "client_request_id": "x"}',
  '{"instances": [{"name": "Ann", "age": 40}]}',
];

test.each(bodies)('a body is read as rows and written in its own format: %s', (body) => {
  const table = readTable(body, fields) as TableBody;
  expect(table.rows).toEqual([{ name: 'Ann', age: 40 }]);
  expect(JSON.parse(writeTable(table, fields))).toEqual(JSON.parse(body));
});

test('an edited row goes back into the body', () => {
  const table = readTable(bodies[0] ?? '', fields) as TableBody;
  const edited = { ...table, rows: [{ ...table.rows[0], member: true }] };
  expect(JSON.parse(writeTable(edited, fields))).toEqual({
    dataframe_split: { columns: ['name', 'age', 'member'], data: [['Ann', 40, true]] },
  });
});

test('what is no table has a reason', () => {
  expect(readTable('{"inputs": [[1, 2]]}', fields)).toBe('shape');
  expect(readTable('{', fields)).toBe('json');
  expect(readTable('{"inputs": {"age": [9007199254740993]}}', fields)).toBe('digits');
});

test('an empty body begins with a row of the right types', () => {
  expect(emptyTable(fields).rows).toEqual([{ name: '', age: 0, member: null }]);
});

test('CSV with quotes becomes typed rows', () => {
  expect(parseCsv('a,b\r\n"x, ""y""",2\n')).toEqual([
    ['a', 'b'],
    ['x, "y"', '2'],
  ]);
  expect(importCsv('name,age,other\nAnn,40,1\nBo,,2\nCy,many,', fields)).toEqual({
    rows: [
      { name: 'Ann', age: 40 },
      { name: 'Bo', age: null },
      { name: 'Cy', age: 'many' },
    ],
    unknown: ['other'],
  });
});

test('answers are compared value by value', () => {
  expect(differences({ predictions: [1, 2] }, { predictions: [1, 3] })).toEqual([
    { path: 'predictions[1]', left: 2, right: 3 },
  ]);
  expect(differences({ a: 1 }, { a: 1 })).toEqual([]);
});
