import type { Schemas } from '@/api';
import { isObject } from '@/components/model/signature';
import { bodyOf, type ModelChoice, NEW_VALUES, type VersionValues } from '@/components/version/values';

export type NewService = Schemas['NewService'];
export type NewVersion = Schemas['NewVersion'];

/** A version without how its model server works: the defaults are right for a first one. */
type FirstVersion = Omit<VersionValues, 'runtime' | 'start'>;

/** The form's values: named as the API names them, so that its refusals find their fields. */
export interface Draft {
  readonly project: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly auth_enabled: boolean;
  readonly max_body_bytes: number;
  readonly sticky_header: string;
  readonly version: FirstVersion;
}

export function newDraft(project: string, chosen: Partial<ModelChoice>): Draft {
  const { runtime: _, start: __, ...version } = NEW_VALUES;
  return {
    project,
    name: '',
    description: '',
    tags: [],
    auth_enabled: true,
    max_body_bytes: 16 * 1024 * 1024,
    sticky_header: '',
    version: {
      ...version,
      by: chosen.alias ? 'alias' : 'version',
      model_source: { ...version.model_source, ...chosen },
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

function versionBody({ version }: Draft): Record<string, unknown> {
  const { runtime: _, model_source, ...body } = bodyOf({ ...NEW_VALUES, ...version });
  const { name, traffic_weight } = version;
  return {
    name,
    ...body,
    traffic_weight: traffic_weight || undefined,
    model_source:
      model_source.kind === 'image'
        ? { ...model_source, mounts: model_source.mounts?.length ? model_source.mounts : undefined }
        : { ...model_source, follow: model_source.follow || undefined },
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
