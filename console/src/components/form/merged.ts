/** What a form began with, with what its fields say now: fields that are not shown keep their value, at any depth. */
export function merged<V>(begin: V, typed: unknown): V {
  if (!isRecord(begin) || !isRecord(typed)) return typed as V;
  const entries = Object.entries(typed).map(([name, value]) => [name, merged(begin[name], value)]);
  return { ...begin, ...Object.fromEntries(entries) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
