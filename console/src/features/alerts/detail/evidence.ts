/** What a verdict of a rule says of one column and slice. */
export interface JudgedColumn {
  readonly column: string | null;
  readonly slice: string | null;
  readonly severity: string;
  readonly value: number | null;
  readonly threshold: number | null;
}

/** The evidence of an alert, as far as its parts are known; the rest as facts and lines. */
export interface Evidence {
  readonly metric: string | null;
  readonly rows: number | null;
  /** ISO-8601 */
  readonly window: { readonly start: string; readonly end: string } | null;
  /** Of an alert that is over: the window that was well again. */
  readonly resolved: { readonly start: string; readonly end: string } | null;
  readonly columns: readonly JudgedColumn[];
  /** Lines of a log. */
  readonly lines: readonly string[];
  readonly facts: readonly (readonly [name: string, value: string])[];
}

const KNOWN = new Set(['metric', 'rows', 'window', 'report', 'columns', 'log_tail']);

export function evidenceOf(evidence: Readonly<Record<string, unknown>>): Evidence {
  const { metric, rows, window, columns, log_tail: lines } = evidence;
  const resolved = isRecord(evidence.resolved) ? evidence.resolved.window : null;
  const isShown = (name: string) => KNOWN.has(name) || (name === 'resolved' && isWindow(resolved));
  return {
    metric: typeof metric === 'string' ? metric : null,
    rows: typeof rows === 'number' ? rows : null,
    window: isWindow(window) ? window : null,
    resolved: isWindow(resolved) ? resolved : null,
    columns: Array.isArray(columns) ? columns.filter(isRecord).map(judgedOf) : [],
    lines: Array.isArray(lines) ? lines.map(String) : [],
    facts: Object.entries(evidence)
      .filter(([name, value]) => !isShown(name) && value !== null && value !== '')
      .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
  };
}

function judgedOf(of: Record<string, unknown>): JudgedColumn {
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  return {
    column: text(of.column),
    slice: text(of.slice),
    severity: text(of.severity) ?? '',
    value: number(of.value),
    threshold: number(of.threshold),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWindow(value: unknown): value is { start: string; end: string } {
  return isRecord(value) && typeof value.start === 'string' && typeof value.end === 'string';
}

const DAY_MS = 86_400_000;

/** What the page of a rule shows of a window: it, and the day before it. */
export function aroundOf({ start, end }: NonNullable<Evidence['window']>) {
  return { end, from: new Date(Date.parse(start) - DAY_MS).toISOString(), to: end };
}
