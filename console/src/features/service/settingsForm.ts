import type { Service } from '@/api';
import type { ServiceChange } from './queries';

const MIB = 1024 * 1024;

/** Fields of a service that the settings can change, as `ServiceView` names them. */
export const SETTINGS = [
  'description',
  'tags',
  'auth_enabled',
  'sticky_header',
  'cors',
  'max_body_bytes',
] as const;

/** What the form holds: named as in the API, so that a refusal finds its field. */
export interface SettingsValues {
  description: string;
  /** One `name: value` in a line. */
  tags: string;
  auth_enabled: boolean;
  sticky_header: string;
  cors: { allow_origins: string[] };
  /** In MiB. */
  max_body_bytes: number;
}

export function valuesOf(service: Service): SettingsValues {
  const origins = service.cors?.allow_origins;
  return {
    description: service.description,
    tags: Object.entries(service.tags)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    auth_enabled: service.auth_enabled,
    sticky_header: service.sticky_header ?? '',
    cors: { allow_origins: Array.isArray(origins) ? origins.map(String) : [] },
    max_body_bytes: service.max_body_bytes / MIB,
  };
}

/** The body that leads from `service` to `values`: what differs alone. */
export function changeOf(service: Service, values: SettingsValues): Partial<ServiceChange> {
  const began = valuesOf(service);
  const change: Partial<ServiceChange> = {};
  if (values.description !== began.description) change.description = values.description;
  if (values.tags.trim() !== began.tags.trim()) change.tags = parseTags(values.tags).tags;
  if (values.auth_enabled !== began.auth_enabled) change.auth_enabled = values.auth_enabled;
  if (values.sticky_header !== began.sticky_header)
    change.sticky_header = values.sticky_header.trim() || null;
  if (values.max_body_bytes !== began.max_body_bytes) {
    change.max_body_bytes = Math.round(values.max_body_bytes * MIB);
  }
  const origins = values.cors.allow_origins;
  if (origins.join(' ') !== began.cors.allow_origins.join(' ')) {
    change.cors = origins.length === 0 ? null : corsOf(service, origins);
  }
  return change;
}

/** Other settings of cross-origin calls stay as they are: the form has only the origins. */
function corsOf(service: Service, origins: string[]): NonNullable<ServiceChange['cors']> {
  return { ...service.cors, allow_origins: origins } as NonNullable<ServiceChange['cors']>;
}

/** Lines `name: value`; `wrong` is the first that is none. */
export function parseTags(text: string): { tags: Record<string, string>; wrong: string | null } {
  const tags: Record<string, string> = {};
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1) return { tags, wrong: line };
    tags[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
  }
  return { tags, wrong: null };
}
