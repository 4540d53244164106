import type { Schemas, Version } from '@/api';

/** An environment variable as a form has it: a value, or a key of a secret. */
export interface EnvRow {
  readonly name?: string;
  readonly kind?: 'value' | 'secret';
  readonly value?: string;
  readonly secret?: string;
  readonly key?: string;
}

type Env = NonNullable<Schemas['NewVersion']['env']>;

/** Rows without a name are none yet. */
export function envOf(rows: readonly EnvRow[]): Env {
  const named = rows.filter((row) => row.name);
  return Object.fromEntries(
    named.map(({ name, kind, value, secret, key }) => [
      name,
      kind === 'secret' ? { secret: secret ?? '', key: key ?? '' } : (value ?? ''),
    ]),
  );
}

export function envRows(env: Version['env']): EnvRow[] {
  return Object.entries(env).map(([name, value]) =>
    typeof value === 'string' ? { name, kind: 'value', value } : { name, kind: 'secret', ...value },
  );
}
