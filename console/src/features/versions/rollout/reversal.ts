import type { FieldChange, Version } from '@/api';
import { CHANGEABLE } from '@/components/version/values';
import type { VersionChange } from '../queries';

type Values = Record<string, unknown>;

/** The update that takes a change of a version back: each field that it touched as it was before. */
export function reversal(version: Version, changes: readonly FieldChange[]): Partial<VersionChange> {
  const touched = [...new Set(changes.map((change) => change.field.split('.')[0] ?? ''))];
  const entries = touched
    .filter((field) => CHANGEABLE.some((one) => one === field))
    .map((field) => [field, bodyOf(field, before(version, field, changes))]);
  return Object.fromEntries(entries) as Partial<VersionChange>;
}

function before(version: Version, field: string, changes: readonly FieldChange[]): unknown {
  const whole = changes.find((change) => change.field === field);
  const parts = changes.filter((change) => change.field.startsWith(`${field}.`));
  // Another kind of thing: an image in the place of a model (which had none), or the other way round.
  const isOther = whole !== undefined && (whole.before === null || whole.after === null);
  if (parts.length === 0 || (isOther && whole.before)) return whole?.before ?? null;
  const now = isOther ? {} : (version as unknown as Values)[field];
  const values: Values = typeof now === 'object' && now !== null ? { ...now } : {};
  for (const part of parts) {
    const name = part.field.slice(field.length + 1);
    if (part.before === null) delete values[name];
    else values[name] = part.before;
  }
  return values;
}

function bodyOf(field: string, value: unknown): unknown {
  const values = (value ?? {}) as Values;
  if (field === 'model_source') return modelOf(values);
  if (field === 'resource_source') return placeOf(values);
  return field === 'env' ? values : value;
}

/** An image whole; a model by its alias where it followed one, else by its number: never by both. */
function modelOf(values: Values): Values {
  if (values.kind === 'image') return values;
  const { model, version, alias, registry } = values;
  const how = values.follow === true ? { alias, follow: true } : { version, follow: false };
  return { kind: 'mlflow', model, registry: registry ?? null, ...how };
}

function placeOf(values: Values): Values {
  const { spec, group, cpu, memory_gb, gpu, gpu_kind } = values;
  const size = { cpu, memory_gb, gpu, ...(gpu_kind ? { gpu_kind } : {}) };
  return spec === undefined ? { kind: 'group', group, ...size } : { kind: 'shared', spec };
}
