import type { Schemas, Version } from '@/api';
import { type EnvRow, envOf, envRows } from './env';
import { type ImageChoice, imageBody, imageChoice, NEW_IMAGE } from './model/image';

type NewVersion = Schemas['NewVersion'];
type VersionChange = Schemas['VersionChange'];

export interface ModelChoice {
  readonly registry: string;
  readonly model: string;
  readonly version: string;
  readonly alias: string;
  readonly follow: boolean;
}

/** What a version is made from; what was filled in for the other kind stays while the form is open. */
export interface SourceChoice extends ModelChoice {
  readonly kind: 'mlflow' | 'image';
  readonly image: ImageChoice;
}

export interface Limit {
  readonly qps: number;
  readonly burst: number | null;
  readonly on_limit: 'reject' | 'queue';
  readonly queue_timeout_ms: number;
}

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly target_concurrency: number;
}

export type Place =
  | { readonly kind: 'shared'; readonly spec: string }
  | {
      readonly kind: 'group';
      readonly group: string;
      readonly cpu: number;
      readonly memory_gb: number;
      readonly gpu: number;
      /** Empty: any. */
      readonly gpu_kind: string;
    };

/** What forms show of a version; named as the API names it, so that a refusal finds its field. */
export interface VersionValues {
  readonly name: string;
  readonly description: string;
  readonly by: 'version' | 'alias';
  readonly model_source: SourceChoice;
  readonly resource_source: Place;
  readonly replicas: number | Range;
  readonly rate_limit: Limit | null;
  readonly max_concurrency: number | null;
  readonly request_timeout_ms: number;
  readonly log_delivery: {
    readonly enabled: boolean;
    readonly sample_rate: number;
    readonly destination: string;
    readonly log_stream: Schemas['LogDelivery']['log_stream'];
    readonly masking: Schemas['LogDelivery']['masking'];
  };
  readonly env: readonly EnvRow[];
  readonly runtime: {
    readonly row_wise: 'auto' | 'true' | 'false';
    readonly types: 'strict' | 'compat';
    readonly workers: number;
    readonly max_batch_rows: number;
  };
  readonly start: boolean;
  readonly traffic_weight: number;
}

/** Fields of a version that its form can change; what else changes follows from these or has its own page. */
export const CHANGEABLE = [
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

export const SHARED = { kind: 'shared', spec: '1C2G' } as const;
export const GROUP = { kind: 'group', group: '', cpu: 1, memory_gb: 2, gpu: 0, gpu_kind: '' } as const;
export const RANGE: Range = { min: 1, max: 4, target_concurrency: 16 };
export const LIMIT: Limit = { qps: 100, burst: null, on_limit: 'reject', queue_timeout_ms: 500 };

export const NEW_VALUES: VersionValues = {
  name: '',
  description: '',
  by: 'version',
  model_source: {
    kind: 'mlflow',
    registry: '',
    model: '',
    version: '',
    alias: '',
    follow: false,
    image: NEW_IMAGE,
  },
  resource_source: SHARED,
  replicas: 1,
  rate_limit: null,
  max_concurrency: null,
  request_timeout_ms: 60_000,
  log_delivery: { enabled: true, sample_rate: 1, destination: '', log_stream: false, masking: [] },
  env: [],
  runtime: { row_wise: 'auto', types: 'strict', workers: 1, max_batch_rows: 256 },
  start: true,
  traffic_weight: 0,
};

/** The form's values for a version that is there. */
export function valuesOf(version: Version): VersionValues {
  const { model_source: source, resource_source: resources, replicas } = version;
  const { destination, ...delivery } = version.log_delivery;
  return {
    ...NEW_VALUES,
    description: version.description,
    by: source.kind !== 'image' && source.alias && source.follow ? 'alias' : 'version',
    model_source: sourceChoice(source),
    resource_source:
      'group' in resources
        ? { ...GROUP, ...resources, gpu_kind: resources.gpu_kind ?? '' }
        : { kind: 'shared', spec: resources.spec },
    replicas: typeof replicas === 'number' ? replicas : { ...RANGE, ...replicas },
    rate_limit: version.rate_limit === null ? null : { ...LIMIT, ...version.rate_limit },
    max_concurrency: version.max_concurrency,
    request_timeout_ms: version.request_timeout_ms,
    log_delivery: { ...NEW_VALUES.log_delivery, ...delivery, destination: String(destination ?? '') },
    env: envRows(version.env),
    runtime: { ...NEW_VALUES.runtime, ...version.runtime },
  };
}

function sourceChoice(source: Version['model_source']): SourceChoice {
  if (source.kind === 'image') {
    return { ...NEW_VALUES.model_source, kind: 'image', image: imageChoice(source) };
  }
  const { registry, model, version, alias, follow } = source;
  return {
    ...NEW_VALUES.model_source,
    registry: registry ?? '',
    model,
    version,
    alias: alias ?? '',
    follow: follow ?? false,
  };
}

type Body = Omit<NewVersion, 'name' | 'start' | 'traffic_weight' | 'runtime'> &
  Partial<Pick<NewVersion, 'runtime'>>;

/** A version's configuration, as the API takes it. */
export function bodyOf(values: VersionValues): Body {
  const isImage = values.model_source.kind === 'image';
  return {
    description: values.description,
    model_source: isImage ? imageBody(values.model_source.image) : modelBody(values),
    resource_source: placeOf(values.resource_source),
    replicas: values.replicas,
    rate_limit: values.rate_limit,
    max_concurrency: values.max_concurrency,
    request_timeout_ms: values.request_timeout_ms,
    // What the form does not show goes back as it came; what is not named stays as it is.
    log_delivery: {
      ...values.log_delivery,
      destination: values.log_delivery.destination || null,
    } as Body['log_delivery'],
    env: envOf(values.env),
    // An image serves by itself: options of the model server do not reach it.
    ...(isImage ? {} : { runtime: values.runtime }),
  };
}

/** A kind is said of GPUs alone: a pod that asks for none has none. */
function placeOf(place: Place): Body['resource_source'] {
  if (place.kind === 'shared') return place;
  const { gpu_kind, ...size } = place;
  const kind = size.gpu > 0 ? (gpu_kind ?? '').trim() : '';
  return kind === '' ? size : { ...size, gpu_kind: kind };
}

function modelBody({ by, model_source }: VersionValues): Body['model_source'] {
  const { registry, model, version, alias, follow } = model_source;
  const chosen =
    by === 'alias' ? { alias: alias || null, follow } : { version: version || null, follow: false };
  return { kind: 'mlflow', model, ...chosen, registry: registry || null };
}

export function newVersionOf(values: VersionValues): NewVersion {
  const { name, start, traffic_weight } = values;
  // What is not named has its default, whatever the types of requests say.
  return { ...bodyOf(values), name: name.trim() || null, start, traffic_weight } as NewVersion;
}

/** The body that leads from one state of the form to another: what differs alone. */
export function changeOf(before: VersionValues, after: VersionValues): Partial<VersionChange> {
  const [old, now] = [bodyOf(before), bodyOf(after)];
  const names = Object.keys(now) as (keyof Body)[];
  const changed = names.filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]));
  return Object.fromEntries(changed.map((name) => [name, now[name]])) as Partial<VersionChange>;
}
