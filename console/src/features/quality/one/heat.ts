import type { Verdict, VerdictState } from '../queries';

export interface Cell {
  readonly state: VerdictState;
  readonly value: number | null;
  readonly threshold: number | null;
}

export interface Row {
  /** `subjectOf` its verdicts. */
  readonly label: string;
  readonly column: string | null;
  readonly slice: string | null;
  readonly cells: readonly (Cell | null)[];
}

/** Columns (with slices) × ends of windows; null where there is no verdict. */
export interface Heat {
  /** ISO-8601, the oldest first. */
  readonly ends: readonly string[];
  readonly rows: readonly Row[];
}

const RANK: Record<VerdictState, number> = {
  ok: 0,
  insufficient_data: 1,
  error: 2,
  warning: 3,
  critical: 4,
};

export function worst(states: readonly VerdictState[]): VerdictState {
  return states.reduce<VerdictState>((bad, one) => (RANK[one] > RANK[bad] ? one : bad), 'ok');
}

/** What a verdict is about, as one word, by which it is known. */
export function subjectOf({ column, slice }: Pick<Verdict, 'column' | 'slice'>): string {
  return [column ?? '', slice ?? ''].filter(Boolean).join(' · ');
}

/** The same in the model's words. */
export function subjectText(
  of: Pick<Verdict, 'column' | 'slice'>,
  nameOf: (stored: string) => string,
): string {
  return subjectOf({ column: of.column ? nameOf(of.column) : null, slice: of.slice ?? null });
}

/** Columns with the most and worst verdicts stand first. */
export function heatOf(verdicts: readonly Verdict[]): Heat {
  const ends = [...new Set(verdicts.map(({ end }) => end))].sort((a, b) => Date.parse(a) - Date.parse(b));
  const place = new Map(ends.map((end, index) => [end, index]));
  const bySubject = new Map<
    string,
    { column: string | null; slice: string | null; cells: (Cell | null)[] }
  >();
  for (const verdict of verdicts) {
    const label = subjectOf(verdict);
    const { column = null, slice = null } = verdict;
    const row = bySubject.get(label) ?? { column, slice, cells: ends.map(() => null) };
    const { state, value = null, threshold = null } = verdict;
    row.cells[place.get(verdict.end) ?? 0] = { state, value, threshold };
    bySubject.set(label, row);
  }
  const weight = (cells: readonly (Cell | null)[]) =>
    cells.reduce(
      (sum, cell) => sum + (cell === null || RANK[cell.state] < 3 ? 0 : 10 ** RANK[cell.state]),
      0,
    );
  const rows = [...bySubject].map(([label, row]) => ({ label, ...row }));
  return {
    ends,
    rows: rows.sort((a, b) => weight(b.cells) - weight(a.cells) || a.label.localeCompare(b.label)),
  };
}

/** The column and window that were chosen; of a column alone, its newest window that was judged. */
export function chosenOf(heat: Heat, chosen: { readonly column: string; readonly end: string }) {
  const row = heat.rows.find(({ label }) => label === chosen.column);
  if (row === undefined || row.column === null) return null;
  const has = (index: number) => row.cells[index] != null;
  const newest = heat.ends.findLast((_, index) => has(index));
  const end = chosen.end === '' ? newest : heat.ends.find((one, index) => one === chosen.end && has(index));
  return end === undefined ? null : { column: row.column, slice: row.slice, end };
}

/** The rows that a line can be drawn of: a window without enough rows is judged as a whole and has no number. */
export function drawnOf(rows: readonly Row[]): string[] {
  const drawn = rows.filter(({ cells }) => cells.some((cell) => cell?.value != null));
  return (drawn.length > 0 ? drawn : rows).map(({ label }) => label);
}

/** The last windows of a rule, each by its worst column, the oldest first. */
export function marksOf(verdicts: readonly Verdict[], most: number): { end: string; state: VerdictState }[] {
  const byEnd = new Map<string, VerdictState[]>();
  for (const { end, state } of verdicts) byEnd.set(end, [...(byEnd.get(end) ?? []), state]);
  const marks = [...byEnd].map(([end, states]) => ({ end, state: worst(states) }));
  return marks.sort((a, b) => Date.parse(a.end) - Date.parse(b.end)).slice(-most);
}

/** The verdict of the newest window that is furthest past its threshold. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict | undefined {
  const newest = verdicts.reduce<string>(
    (last, { end }) => (Date.parse(end) > Date.parse(last || '1970') ? end : last),
    '',
  );
  const excess = ({ value, threshold }: Verdict) =>
    value == null ? -1 : threshold ? Math.abs(value / threshold) : Math.abs(value);
  return verdicts
    .filter(({ end }) => end === newest)
    .sort((a, b) => RANK[b.state] - RANK[a.state] || excess(b) - excess(a))[0];
}

/** Lines over time, one for each subject, with gaps where a window has no value. */
export function linesOf(verdicts: readonly Verdict[], subjects: readonly string[], stepS: number) {
  const moments = verdicts.map(({ end }) => Date.parse(end));
  const [from, to] = [Math.min(...moments), Math.max(...moments)];
  const length = verdicts.length === 0 ? 0 : Math.min(Math.round((to - from) / 1000 / stepS) + 1, 20_000);
  const series = subjects.map((label) => {
    const values: (number | null)[] = Array.from({ length }, () => null);
    for (const verdict of verdicts) {
      if (subjectOf(verdict) !== label) continue;
      values[Math.round((Date.parse(verdict.end) - from) / 1000 / stepS)] = verdict.value ?? null;
    }
    return { label, values };
  });
  return { from: verdicts.length === 0 ? 0 : from, length, series };
}
