import type { FieldChange } from '@/api';

/** A record's values by the names that the API gives its fields: `replicas.max`; lists are one value. */
export function flatten(value: unknown, prefix = ''): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, one] of Object.entries((value ?? {}) as Record<string, unknown>)) {
    const field = prefix === '' ? name : `${prefix}.${name}`;
    if (isRecord(one) && Object.keys(one).length > 0) {
      for (const [inner, deep] of flatten(one, field)) found.set(inner, deep);
    } else found.set(field, isRecord(one) ? null : one);
  }
  return found;
}

/** What differs between two states of the same thing, of the fields in `only` where they are given. */
export function differences(before: unknown, after: unknown, only?: readonly string[]): FieldChange[] {
  const [old, now] = [flatten(pick(before, only)), flatten(pick(after, only))];
  const fields = [...new Set([...old.keys(), ...now.keys()])];
  return fields
    .map((field) => ({ field, before: old.get(field) ?? null, after: now.get(field) ?? null }))
    .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
}

function pick(value: unknown, only: readonly string[] | undefined): unknown {
  if (only === undefined || !isRecord(value)) return value;
  return Object.fromEntries(only.filter((name) => name in value).map((name) => [name, value[name]]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as a person reads it; null where it is not set. */
export function shownValue(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The fields of `wanted` whose values differ from those of `current`: the body of a PATCH. */
export function changedOnly<T extends object>(current: object, wanted: T): Partial<T> {
  const now = current as Record<string, unknown>;
  const entries = Object.entries(wanted).filter(([name, value]) => !isSame(now[name], value));
  return Object.fromEntries(entries) as Partial<T>;
}

/** Whether `wanted` asks for nothing new: what a body leaves out is as the platform fills it in. */
function isSame(now: unknown, wanted: unknown): boolean {
  if (isRecord(now) && isRecord(wanted)) {
    const names = new Set([...Object.keys(now), ...Object.keys(wanted)]);
    return [...names].every((name) => isSame(now[name] ?? null, wanted[name] ?? null));
  }
  return JSON.stringify(now ?? null) === JSON.stringify(wanted ?? null);
}
