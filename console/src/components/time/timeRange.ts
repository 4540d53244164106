import { type Param, text, useSearchState } from '../page/useSearchState';

/** A span that ends now. */
export type Span = '1h' | '24h' | '7d' | '15d' | '30d';

export const SPAN_S: Record<Span, number> = {
  '1h': 3_600,
  '24h': 86_400,
  '7d': 7 * 86_400,
  '15d': 15 * 86_400,
  '30d': 30 * 86_400,
};

/** A span, or two moments (ISO-8601 UTC). */
export type Range = { readonly span: Span } | { readonly from: string; readonly to: string };

/** The moments of a range, in ms; a span ends at `now`. */
export function resolveRange(range: Range, now: number): { from: number; to: number } {
  if ('span' in range) return { from: now - SPAN_S[range.span] * 1000, to: now };
  return { from: Date.parse(range.from), to: Date.parse(range.to) };
}

/** Two moments, in ms, as the API and a `Range` have them. */
export function isoRange({ from, to }: { from: number; to: number }): { from: string; to: string } {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

function isSpan(value: string): value is Span {
  return value in SPAN_S;
}

/** The range in the address, for pages that change it together with something else. */
export const RANGE_PARAMS = { range: text(), from: text(), to: text() } satisfies Record<
  string,
  Param<string>
>;

/** The range in the address: `?range=24h`, or `?from=…&to=…`. */
export function useTimeRange(fallback: Span = '1h'): [Range, (range: Range) => void] {
  const [search, setSearch] = useSearchState(RANGE_PARAMS);
  const set = (range: Range) => setSearch(writtenRange(range, fallback), { push: true });
  return [readRange(search, fallback), set];
}

/** A range as the values of `RANGE_PARAMS`. */
export function writtenRange(range: Range, fallback: Span): { range: string; from: string; to: string } {
  if ('span' in range) return { range: range.span === fallback ? '' : range.span, from: '', to: '' };
  return { range: '', from: range.from, to: range.to };
}

export function readRange(search: { range: string; from: string; to: string }, fallback: Span): Range {
  const [from, to] = [Date.parse(search.from), Date.parse(search.to)];
  if (from < to) return { from: search.from, to: search.to };
  return { span: isSpan(search.range) ? search.range : fallback };
}
