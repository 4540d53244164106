const TYPES: Record<string, string> = {
  csv: 'text/csv',
  parquet: 'application/vnd.apache.parquet',
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  ndjson: 'application/x-ndjson',
};

/** What a file of labels holds, by its name; null where its name does not say it. */
export function contentType(name: string): string | null {
  const ending = /\.([a-z]+)$/i.exec(name)?.[1] ?? '';
  return TYPES[ending.toLowerCase()] ?? null;
}

/** A name for one try of one upload: the same again is the same upload. Also where the page is not served by https. */
export function uploadName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface Arrival {
  readonly at: string;
  readonly source: string;
  readonly count: number;
  /** More of it may lie beyond the rows that were read. */
  readonly isCut: boolean;
}

/** Uploads out of rows of a labels table, the newest first: what came in at one moment is one. */
export function arrivals(rows: readonly Record<string, unknown>[], hasMore: boolean): Arrival[] {
  const found = new Map<string, { at: string; source: string; count: number }>();
  for (const row of rows) {
    const [at, source] = [String(row.received_at), String(row.source ?? '')];
    const key = JSON.stringify([at, source]);
    const one = found.get(key) ?? { at, source, count: 0 };
    one.count += 1;
    found.set(key, one);
  }
  const all = [...found.values()];
  return all.map((one, index) => ({ ...one, isCut: hasMore && index === all.length - 1 }));
}
