import type { Schemas } from '@/api';
import type { Definition, Destination, NewDestination } from './queries';

export type Credentials = 'none' | 'existing' | 'fresh';

/** What the form holds; named as the API names it, so that a refusal finds its field. */
export interface DestinationValues {
  readonly name: string;
  /** '' is the installation. */
  readonly project: string;
  readonly url: string;
  readonly endpoint: string;
  readonly region: string;
  readonly path_style: boolean;
  readonly credentials: Credentials;
  readonly secret: string;
  readonly secretName: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken: string;
}

export function valuesOf(of: Destination | null, project: string): DestinationValues {
  return {
    name: of?.name ?? '',
    project: of === null ? project : (of.project ?? ''),
    url: of?.url ?? 's3://',
    endpoint: of?.endpoint ?? '',
    region: of?.region ?? 'us-east-1',
    path_style: of?.path_style ?? true,
    credentials: of === null ? 'fresh' : of.secret === null ? 'none' : 'existing',
    secret: of?.secret ?? '',
    secretName: '',
    accessKey: '',
    secretKey: '',
    sessionToken: '',
  };
}

/** Whether the place is an object store: a folder has no endpoint and no keys. */
export function isStore(url: string | undefined): boolean {
  return !(url ?? '').startsWith('file:');
}

/** The secret to make first, if any; null where one is there or none is needed. Secrets are of a project. */
export function secretOf(values: DestinationValues): Schemas['NewSecret'] | null {
  if (!isStore(values.url) || values.credentials !== 'fresh') return null;
  const { accessKey, secretKey, sessionToken } = values;
  return {
    name: values.secretName.trim() || `${values.name}-keys`,
    project: values.project || 'default',
    kind: 's3',
    description: '',
    data: {
      access_key: accessKey,
      secret_key: secretKey,
      ...(sessionToken && { session_token: sessionToken }),
    },
  };
}

/** What it is to be; `secret` names the one to use. */
export function definitionOf(values: DestinationValues, secret: string | null): Definition {
  const { url, region } = values;
  if (!isStore(url)) return { url: url.trim(), endpoint: null, region, path_style: true, secret: null };
  return {
    url: url.trim(),
    endpoint: values.endpoint.trim() || null,
    region: region.trim(),
    path_style: values.path_style,
    secret: values.credentials === 'none' ? null : secret,
  };
}

export function newDestinationOf(values: DestinationValues, secret: string | null): NewDestination {
  return { name: values.name.trim(), project: values.project || null, ...definitionOf(values, secret) };
}
