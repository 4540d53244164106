import type { Schemas } from '@/api';
import { isObject } from '@/components/model/signature';

export type NewService = Schemas['NewService'];
export type NewVersion = Schemas['NewVersion'];

/** An environment variable: a value, or a key of a secret. */
export interface EnvRow {
  readonly name?: string;
  readonly kind?: 'value' | 'secret';
  readonly value?: string;
  readonly secret?: string;
  readonly key?: string;
}

/** The form's values: named as the API names them, so that its refusals find their fields. */
export interface Draft {
  readonly project: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly auth_enabled: boolean;
  readonly max_body_bytes: number;
  readonly sticky_header: string;
  readonly by: 'version' | 'alias';
  readonly env: readonly EnvRow[];
  readonly version: Partial<Omit<Schemas['FirstVersion'], 'env' | 'model_source'>> & {
    readonly model_source: ModelChoice;
  };
}

export interface ModelChoice {
  readonly registry: string;
  readonly model: string;
  readonly version: string;
  readonly alias: string;
  readonly follow: boolean;
}

export const SHARED = { kind: 'shared', spec: '1C2G' } as const;
export const GROUP = { kind: 'group', group: '', cpu: 1, memory_gb: 2, gpu: 0 } as const;
export const RANGE = { min: 1, max: 4, target_concurrency: 16 } as const;
export const LIMIT = { qps: 100, burst: null, on_limit: 'reject', queue_timeout_ms: 500 } as const;

export function newDraft(project: string, chosen: Partial<ModelChoice>): Draft {
  return {
    project,
    name: '',
    description: '',
    tags: [],
    auth_enabled: true,
    max_body_bytes: 16 * 1024 * 1024,
    sticky_header: '',
    by: chosen.alias ? 'alias' : 'version',
    env: [],
    version: {
      name: '',
      description: '',
      model_source: { registry: '', model: '', version: '', alias: '', follow: false, ...chosen },
      resource_source: SHARED,
      replicas: 1,
      rate_limit: null,
      max_concurrency: null,
      request_timeout_ms: 60_000,
      traffic_weight: 0,
      log_delivery: { enabled: true, sample_rate: 1, destination: '' },
    },
  };
}

/** What creates the service; what was left empty is left out. */
export function serviceBody(draft: Draft, start: boolean): NewService {
  const { name, project, description, auth_enabled, max_body_bytes, sticky_header } = draft;
  const body = { name, project, description, tags: tagsOf(draft.tags), auth_enabled, max_body_bytes };
  return filled({ ...body, sticky_header, start, version: versionBody(draft) }) as NewService;
}

/** What adds the same version to a service that exists. */
export function furtherVersionBody(draft: Draft, start: boolean): NewVersion {
  return filled({ ...versionBody(draft), start }) as NewVersion;
}

function versionBody({ by, env, version }: Draft): Record<string, unknown> {
  const { registry, model, version: number, alias, follow } = version.model_source;
  const chosen = by === 'alias' ? { alias, follow: follow || undefined } : { version: number };
  return {
    ...version,
    traffic_weight: version.traffic_weight || undefined,
    model_source: { kind: 'mlflow', model, ...chosen, registry },
    env: envOf(env),
  };
}

/** `team=risk` → `{ team: 'risk' }`; a word alone is a tag without a value. */
export function tagsOf(tags: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    tags.map((tag) => {
      const at = tag.indexOf('=');
      return at < 0 ? [tag.trim(), ''] : [tag.slice(0, at).trim(), tag.slice(at + 1).trim()];
    }),
  );
}

function envOf(rows: readonly EnvRow[]): Record<string, unknown> {
  const entries = rows
    .filter((row) => row.name)
    .map((row) => [
      row.name,
      row.kind === 'secret' ? { secret: row.secret ?? '', key: row.key ?? '' } : (row.value ?? ''),
    ]);
  return Object.fromEntries(entries);
}

/** Without null, empty text and empty objects, also inside; the values of variables and tags stay as they are. */
function filled(value: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, isObject(inner) && key !== 'env' && key !== 'tags' ? filled(inner) : inner])
    .filter(([, inner]) => inner !== null && inner !== undefined && inner !== '' && !isEmptyObject(inner));
  return Object.fromEntries(entries);
}

function isEmptyObject(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}
