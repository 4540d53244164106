import { isObject, type SignatureField } from '@/components/model/signature';

type Row = Readonly<Record<string, unknown>>;
export type Format = 'dataframe_split' | 'dataframe_records' | 'instances' | 'inputs';

/** A body as rows of columns; what else it holds stays as it is. */
export interface TableBody {
  readonly format: Format;
  /** As the body orders them. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly params: Row;
  readonly rest: Row;
}

/** Why a body is not shown as a form: no JSON, integers that a browser would round, or not a table. */
export type Problem = 'json' | 'digits' | 'shape';

const FORMATS: readonly Format[] = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'];
/** Integers beyond 2⁵³ would be rounded. */
const MANY_DIGITS = /(?<![\d.eE"])\d{16,}(?![\d.eE"])/;

/** The name of a column in a row; those without one go by their position. */
export function columnName(field: SignatureField, index: number): string {
  return field.name ?? String(index);
}

export function readTable(body: string, fields: readonly SignatureField[]): TableBody | Problem {
  if (body.trim() === '') return emptyTable(fields);
  if (MANY_DIGITS.test(body)) return 'digits';
  const parsed = parseJson(body);
  if (parsed === undefined) return 'json';
  if (!isObject(parsed)) return 'shape';
  const format = FORMATS.find((one) => one in parsed);
  if (format === undefined) return 'shape';
  const { [format]: content, params, ...rest } = parsed;
  const table = readRows(format, content, fields);
  return table === null ? 'shape' : { format, ...table, params: isObject(params) ? params : {}, rest };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function emptyTable(fields: readonly SignatureField[]): TableBody {
  const columns = fields.map(columnName);
  return { format: 'dataframe_split', columns, rows: [emptyRow(fields)], params: {}, rest: {} };
}

/** A row to begin with: something of the right type where a value is needed. */
export function emptyRow(fields: readonly SignatureField[]): Row {
  return Object.fromEntries(fields.map((field, index) => [columnName(field, index), emptyValue(field)]));
}

function emptyValue({ type, required }: SignatureField): unknown {
  if (!required) return null;
  if (/^(long|integer|double|float)$/.test(type)) return 0;
  if (type === 'boolean') return false;
  if (type === 'datetime') return '2024-01-01T00:00:00Z';
  if (type.startsWith('array')) return [];
  return /^(map|\{)/.test(type) ? {} : '';
}

type Rows = Pick<TableBody, 'columns' | 'rows'>;

function readRows(format: Format, content: unknown, fields: readonly SignatureField[]): Rows | null {
  if (format === 'dataframe_split') return readSplit(content, fields);
  if (format === 'inputs') return readColumns(content);
  if (!Array.isArray(content) || !content.every(isObject)) return null;
  return { columns: [...new Set(content.flatMap((row) => Object.keys(row)))], rows: content };
}

function readSplit(content: unknown, fields: readonly SignatureField[]): Rows | null {
  if (!isObject(content) || !Array.isArray(content.data) || !content.data.every(Array.isArray)) return null;
  const columns = Array.isArray(content.columns) ? content.columns.map(String) : fields.map(columnName);
  const data = content.data as unknown[][];
  const rows = data.map((row) =>
    Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])),
  );
  return { columns, rows };
}

function readColumns(content: unknown): Rows | null {
  if (!isObject(content)) return null;
  const entries = Object.entries(content);
  const length = Array.isArray(entries[0]?.[1]) ? entries[0][1].length : -1;
  if (!entries.every(([, values]) => Array.isArray(values) && values.length === length)) return null;
  const rows = Array.from({ length: Math.max(length, 0) }, (_, index) =>
    Object.fromEntries(entries.map(([name, values]) => [name, (values as unknown[])[index]])),
  );
  return { columns: entries.map(([name]) => name), rows };
}

/** The body in the format that it had. */
export function writeTable(table: TableBody, fields: readonly SignatureField[]): string {
  const params = Object.keys(table.params).length > 0 ? { params: table.params } : {};
  return JSON.stringify({ [table.format]: content(table, fields), ...params, ...table.rest }, null, 2);
}

function content({ format, columns: before, rows }: TableBody, fields: readonly SignatureField[]): unknown {
  const given = new Set(rows.flatMap((row) => Object.keys(row)));
  const columns = [...before, ...[...given].filter((name) => !before.includes(name))];
  const value = (row: Row, name: string) => row[name] ?? null;
  if (format === 'dataframe_split') {
    const data = rows.map((row) => columns.map((name) => value(row, name)));
    return fields.length > 0 && fields.every(({ name }) => name === null) ? { data } : { columns, data };
  }
  if (format !== 'inputs') return rows;
  return Object.fromEntries(columns.map((name) => [name, rows.map((row) => value(row, name))]));
}
