import type { SignatureField } from '@/components/model/signature';
import { columnName, parseJson } from './body';

export interface ImportedRows {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Columns of the file that the model does not have. */
  readonly unknown: readonly string[];
}

export const MOST_ROWS = 10_000;

/** Rows of a file with a header, each value as its column's type; columns that the model does not have are left out. */
export function importCsv(text: string, fields: readonly SignatureField[]): ImportedRows {
  const [header = [], ...lines] = parseCsv(text);
  const byName = new Map(fields.map((field, index) => [columnName(field, index), field]));
  const rows = lines.slice(0, MOST_ROWS).map((line) => {
    const known = header.flatMap((name, index) => {
      const field = byName.get(name);
      return field === undefined ? [] : [[name, typed(line[index] ?? '', field)] as const];
    });
    return Object.fromEntries(known);
  });
  return { rows, unknown: header.filter((name) => !byName.has(name)) };
}

/** Text that is no value of the type stays text: the server says what is wrong with it, and where. */
function typed(text: string, { type }: SignatureField): unknown {
  if (type === 'string') return text;
  if (text === '') return null;
  if (/^(long|integer|double|float)$/.test(type)) return Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === 'boolean') return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text;
  if (type === 'datetime' || type === 'binary') return text;
  return parseJson(text) ?? text;
}

/** Cells of RFC 4180: quotes around a cell, doubled inside of it; empty lines are passed over. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r\n|\n|\r|$)/g;
  const source = text.replace(/^\ufeff/, '');
  for (const [whole, raw = '', end] of source.matchAll(cell)) {
    if (whole === '' && row.length === 0) break;
    row.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end === ',') continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}
