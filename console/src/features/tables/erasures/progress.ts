import type { Erasure } from './queries';

export interface Progress {
  /** The step that is under way: 1 tables, 2 files; 3: all is done. */
  readonly step: 1 | 2 | 3;
  readonly rows: number;
  readonly filesRewritten: number;
  readonly filesGone: number;
}

/** How far an order is, out of its receipt. */
export function progressOf({ status, receipt }: Erasure): Progress {
  const tables = Object.values(receipt?.tables ?? {});
  const sum = (count: (table: (typeof tables)[number]) => number | undefined) =>
    tables.reduce((total, table) => total + (count(table) ?? 0), 0);
  return {
    step: status === 'finished' ? 3 : status === 'running' || receipt?.first_pass_at ? 2 : 1,
    rows: sum(({ rows }) => rows),
    filesRewritten: sum(({ files_rewritten: count }) => count),
    filesGone: sum(({ files_gone: count }) => count),
  };
}
