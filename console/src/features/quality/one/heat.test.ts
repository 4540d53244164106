import { expect, test } from 'vitest';
import type { Verdict, VerdictState } from '../queries';
import { drawnOf, heatOf, linesOf, marksOf, worstVerdict } from './heat';

const at = (hour: number) => `2026-01-01T${String(hour).padStart(2, '0')}:00:00Z`;
const verdict = (hour: number, column: string, state: VerdictState, value: number | null = 0.1) =>
  ({ start: at(hour - 1), end: at(hour), column, slice: null, state, value, threshold: 0.25 }) as Verdict;

const VERDICTS = [
  verdict(3, 'a', 'ok'),
  verdict(3, 'b', 'critical', 0.9),
  verdict(1, 'a', 'warning', 0.3),
  verdict(1, 'b', 'critical', 0.5),
];

test('the heat map is columns by windows, the worst column first, gaps as gaps', () => {
  const heat = heatOf([...VERDICTS, verdict(2, 'a', 'insufficient_data', null)]);
  expect(heat.ends).toEqual([at(1), at(2), at(3)]);
  expect(heat.rows.map(({ label }) => label)).toEqual(['b', 'a']);
  expect(heat.rows[0]?.cells.map((cell) => cell?.state)).toEqual(['critical', undefined, 'critical']);
});

test('a mark is the worst of its window, and the value shown is the worst of the newest one', () => {
  expect(marksOf(VERDICTS, 1)).toEqual([{ end: at(3), state: 'critical' }]);
  expect(worstVerdict(VERDICTS)).toMatchObject({ column: 'b', value: 0.9 });
  expect(worstVerdict([])).toBeUndefined();
});

test('lines have a place for each window, also where none was judged', () => {
  const { from, series } = linesOf(VERDICTS, ['a'], 3600);
  expect(from).toBe(Date.parse(at(1)));
  expect(series).toEqual([{ label: 'a', values: [0.3, null, 0.1] }]);
  expect(linesOf([], ['a'], 3600).series[0]?.values).toEqual([]);
});

test('a window that was judged as a whole, for want of rows, is no line', () => {
  const { rows } = heatOf([...VERDICTS, verdict(2, '', 'insufficient_data', null)]);
  expect(rows.map(({ label }) => label)).toEqual(['b', 'a', '']);
  expect(drawnOf(rows)).toEqual(['b', 'a']);
  expect(drawnOf(heatOf([verdict(2, '', 'insufficient_data', null)]).rows)).toEqual(['']);
});
