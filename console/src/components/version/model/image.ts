import type { Schemas, Version } from '@/api';

type Body = Schemas['ImageModelSource'];
type Mount = NonNullable<Body['mounts']>[number];

export const MOUNT_KINDS = ['artifact', 's3', 'oci', 'file'] as const;

/** A mount as a form has it; the fields of the other kinds stay while its kind is changed. */
export interface MountRow {
  readonly kind?: (typeof MOUNT_KINDS)[number];
  readonly path?: string;
  readonly uri?: string;
  readonly registry?: string;
  readonly credentials?: string;
  /** Credentials of an image's registry: a secret of another kind than a bucket's. */
  readonly login?: string;
  readonly endpoint?: string;
  readonly content?: string;
}

/** What a form shows of a container image. */
export interface ImageChoice {
  readonly image: string;
  readonly credentials: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly port: number;
  readonly health_path: string;
  readonly predict_path: string;
  readonly mounts: readonly MountRow[];
}

export const NEW_IMAGE: ImageChoice = {
  image: '',
  credentials: '',
  command: [],
  args: [],
  port: 8080,
  health_path: '/health',
  predict_path: '/predict',
  mounts: [],
};

/** No words: the image's own. */
export function imageBody(choice: Partial<ImageChoice> | undefined): Body {
  const { image, credentials, command, args, port, health_path, predict_path, mounts } = {
    ...NEW_IMAGE,
    ...choice,
  };
  return {
    kind: 'image',
    image: image.trim(),
    credentials: credentials || null,
    command: command.length > 0 ? [...command] : null,
    args: args.length > 0 ? [...args] : null,
    port,
    health_path,
    predict_path,
    mounts: mounts.map(mountBody),
  };
}

function mountBody(row: MountRow): Mount {
  const { kind, path = '', uri = '', registry, credentials, login, endpoint, content = '' } = row;
  if (kind === 's3') {
    return { kind, path, uri, credentials: credentials || null, endpoint: endpoint || null };
  }
  if (kind === 'oci') return { kind, path, uri, credentials: login || null };
  return kind === 'file'
    ? { kind, path, content }
    : { kind: 'artifact', path, uri, registry: registry || null };
}

export function imageChoice(source: Schemas['ImageSource']): ImageChoice {
  return {
    image: source.image,
    credentials: source.credentials ?? '',
    command: source.command ?? [],
    args: source.args ?? [],
    port: source.port,
    health_path: source.health_path,
    predict_path: source.predict_path,
    mounts: source.mounts.map(mountRow),
  };
}

function mountRow(mount: Schemas['ImageSource']['mounts'][number]): MountRow {
  if (mount.kind === 'oci') {
    const { kind, path, uri, credentials } = mount;
    return { kind, path, uri, ...(credentials ? { login: credentials } : {}) };
  }
  return Object.fromEntries(Object.entries(mount).filter(([, value]) => value !== null)) as MountRow;
}

/** The registered model that a version is made from; undefined: an image. */
export function registeredModel(source: Version['model_source']): Schemas['ModelSourceView'] | undefined {
  return source.kind === 'image' ? undefined : source;
}

/** In a line: `wine 3`, `wine 3 @champion`, or the image's name. */
export function sourceText(source: Version['model_source'], withAlias = false): string {
  if (source.kind === 'image') return source.image;
  return `${source.model} ${source.version}${withAlias && source.alias ? ` @${source.alias}` : ''}`;
}
