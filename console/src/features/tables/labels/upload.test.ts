import { expect, test } from 'vitest';
import { delayUnit, inUnit } from './delays';
import { arrivals, contentType, uploadName } from './upload';

test('a file says by its name what it holds', () => {
  expect(['a.CSV', 'b.parquet', 'c.x.jsonl', 'd.json', 'e.txt', 'csv'].map(contentType)).toEqual([
    'text/csv',
    'application/vnd.apache.parquet',
    'application/x-ndjson',
    'application/json',
    null,
    null,
  ]);
  expect(uploadName()).toMatch(/^[0-9a-f]{32}$/);
});

test('labels that came at one moment are one upload; of the last one there may be more', () => {
  const row = (at: number, source = 'api') => ({ received_at: `2026-03-01T00:00:0${at}Z`, source });
  const found = arrivals([row(3), row(3), row(2, 'lake'), row(1)], true);
  expect(found.map(({ count, source, isCut }) => [count, source, isCut])).toEqual([
    [2, 'api', false],
    [1, 'lake', false],
    [1, 'api', true],
  ]);
  expect(arrivals([row(1)], false)[0]?.isCut).toBe(false);
});

test('delays are drawn in a unit that suits the longest of them', () => {
  expect([0, 119, 120, 7_200, 172_800].map((longest) => delayUnit(longest).symbol)).toEqual([
    's',
    's',
    'min',
    'h',
    'd',
  ]);
  expect([inUnit(90, delayUnit(300)), inUnit(null, delayUnit(300))]).toEqual([1.5, null]);
});
