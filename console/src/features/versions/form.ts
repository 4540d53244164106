import type { Version } from '@/api';
import type { NewVersion, VersionChange } from './queries';

/** What of a version its form shows; named as in the API, so that a refusal finds its field. */
export interface VersionValues {
  name?: string;
  description: string;
  by: 'version' | 'alias';
  model_source: { model: string; version?: string; alias?: string; follow: boolean; registry: string | null };
  place: 'shared' | 'group';
  resource_source: { spec?: string; group?: string; cpu?: number; memory_gb?: number; gpu?: number };
  scale: 'fixed' | 'range';
  count: number;
  replicas: { min: number; max: number; target_concurrency: number };
  isLimited: boolean;
  rate_limit: { qps: number; burst: number | null; on_limit: 'reject' | 'queue'; queue_timeout_ms: number };
  max_concurrency: number | null;
  request_timeout_ms: number;
  log_delivery: { enabled: boolean; sample_rate: number; destination: string };
  /** `NAME=value` in a line. */
  env: string;
  runtime: {
    row_wise: 'auto' | 'true' | 'false';
    types: 'strict' | 'compat';
    workers: number;
    max_batch_rows: number;
  };
  start?: boolean;
  traffic_weight?: number;
}

/** Fields of a version that its form can change; what else changes follows from these or has its own page. */
export const FIELDS = [
  'description',
  'model_source',
  'resource_source',
  'replicas',
  'rate_limit',
  'max_concurrency',
  'request_timeout_ms',
  'log_delivery',
  'env',
  'runtime',
] as const satisfies readonly (keyof VersionChange)[];

const ADVANCED = new Set<unknown>([
  'isLimited',
  'rate_limit',
  'max_concurrency',
  'request_timeout_ms',
  'log_delivery',
  'env',
  'runtime',
]);

/** Whether a field is among those that the form shows only when it is asked to. */
export function isAdvanced(name: readonly (string | number)[]): boolean {
  return ADVANCED.has(name[0]);
}

export const NEW_VALUES: VersionValues = {
  description: '',
  by: 'version',
  model_source: { model: '', follow: false, registry: null },
  place: 'shared',
  resource_source: { spec: '1C2G' },
  scale: 'fixed',
  count: 1,
  replicas: { min: 0, max: 4, target_concurrency: 16 },
  isLimited: false,
  rate_limit: { qps: 100, burst: null, on_limit: 'reject', queue_timeout_ms: 500 },
  max_concurrency: null,
  request_timeout_ms: 60_000,
  log_delivery: { enabled: true, sample_rate: 1, destination: '' },
  env: '',
  runtime: { row_wise: 'auto', types: 'strict', workers: 1, max_batch_rows: 256 },
  start: true,
  traffic_weight: 0,
};

/** The form's values for a version that is there. */
export function valuesOf(version: Version): VersionValues {
  const { model_source: model, resource_source: resources, replicas } = version;
  const isRange = typeof replicas !== 'number';
  return {
    description: version.description,
    by: model.alias && model.follow ? 'alias' : 'version',
    model_source: {
      model: model.model,
      version: model.version,
      ...(model.alias ? { alias: model.alias } : {}),
      follow: model.follow ?? false,
      registry: model.registry ?? null,
    },
    place: 'group' in resources ? 'group' : 'shared',
    resource_source:
      'group' in resources
        ? { group: resources.group, cpu: resources.cpu, memory_gb: resources.memory_gb, gpu: resources.gpu }
        : { spec: resources.spec },
    scale: isRange ? 'range' : 'fixed',
    count: isRange ? NEW_VALUES.count : replicas,
    replicas: isRange ? { ...NEW_VALUES.replicas, ...replicas } : NEW_VALUES.replicas,
    isLimited: version.rate_limit !== null,
    rate_limit: { ...NEW_VALUES.rate_limit, ...version.rate_limit },
    max_concurrency: version.max_concurrency,
    request_timeout_ms: version.request_timeout_ms,
    log_delivery: {
      ...NEW_VALUES.log_delivery,
      ...version.log_delivery,
      destination: String(version.log_delivery.destination ?? ''),
    },
    env: envText(version.env),
    runtime: { ...NEW_VALUES.runtime, ...version.runtime },
  };
}

type Body = Omit<NewVersion, 'name' | 'start' | 'traffic_weight'>;

/** A version's configuration, as the API takes it. */
export function bodyOf(values: VersionValues): Body {
  const { model_source: model, resource_source: resources } = values;
  return {
    description: values.description,
    model_source: {
      kind: 'mlflow',
      model: model.model,
      ...(values.by === 'alias'
        ? { alias: model.alias ?? null, follow: model.follow }
        : { version: model.version ?? null, follow: false }),
      registry: model.registry,
    },
    resource_source:
      values.place === 'shared'
        ? { kind: 'shared', spec: resources.spec ?? '' }
        : {
            kind: 'group',
            group: resources.group ?? '',
            cpu: resources.cpu ?? 1,
            memory_gb: resources.memory_gb ?? 1,
            gpu: resources.gpu ?? 0,
          },
    replicas: values.scale === 'fixed' ? values.count : values.replicas,
    rate_limit: values.isLimited ? values.rate_limit : null,
    max_concurrency: values.max_concurrency,
    request_timeout_ms: values.request_timeout_ms,
    log_delivery: { ...values.log_delivery, destination: values.log_delivery.destination || null },
    env: parseEnv(values.env).env,
    runtime: values.runtime,
  };
}

export function newVersionOf(values: VersionValues): NewVersion {
  return {
    ...bodyOf(values),
    name: values.name?.trim() || null,
    start: values.start ?? false,
    traffic_weight: values.traffic_weight ?? 0,
  };
}

/** The body that leads from one state of the form to another: what differs alone. */
export function changeOf(before: VersionValues, after: VersionValues): Partial<VersionChange> {
  const [old, now] = [bodyOf(before), bodyOf(after)];
  const names = Object.keys(now) as (keyof Body)[];
  const changed = names.filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]));
  return Object.fromEntries(changed.map((name) => [name, now[name]])) as Partial<VersionChange>;
}

type Env = NonNullable<NewVersion['env']>;

const SECRET = /^secret:([^/\s]+)\/(\S+)$/;

function envText(env: Version['env']): string {
  return Object.entries(env)
    .map(([name, value]) =>
      typeof value === 'string' ? `${name}=${value}` : `${name}=secret:${value.secret}/${value.key}`,
    )
    .join('\n');
}

/** Lines `NAME=value`; `wrong` is the first that is none. */
export function parseEnv(text: string): { env: Env; wrong: string | null } {
  const env: Env = {};
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const equals = line.indexOf('=');
    if (equals < 1) return { env, wrong: line };
    const value = line.slice(equals + 1);
    const secret = SECRET.exec(value.trim());
    env[line.slice(0, equals).trim()] =
      secret === null ? value : { secret: secret[1] ?? '', key: secret[2] ?? '' };
  }
  return { env, wrong: null };
}
