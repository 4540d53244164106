import type { Schemas } from '@/api';
import { linesOf, pairsOf, pairsText } from '@/components/form/lines';
import { isoDuration, typedDuration } from '@/i18n';
import { matchersOf, matchersText } from '../silences/values';
import type { Channel, ChannelKind, Field, KindForm } from './queries';

type NewSecret = Schemas['NewSecret'];

export type Credentials = 'fresh' | 'existing' | 'none';

/** What a field of a kind holds while it is typed: lists and maps as lines. */
export type Typed = string | number | boolean | null | undefined;

/** What the form holds; named as the API names it, so that a refusal finds its field. */
export interface ChannelValues {
  readonly name: string;
  /** '' is the installation. */
  readonly project: string;
  readonly kind: ChannelKind;
  readonly options: Readonly<Record<string, Typed>>;
  readonly credentials: Credentials;
  readonly secret: string;
  /** Fields of the secret to be made. */
  readonly data: Readonly<Record<string, Typed>>;
  readonly language: 'en' | 'zh';
  readonly time_zone: string;
  readonly paused: boolean;
  readonly route: {
    readonly min_severity: 'warning' | 'critical';
    readonly matchers: string;
    readonly repeat_interval: string;
    readonly send_resolved: boolean;
  };
}

export function channelValues(
  of: Channel | null,
  project: string,
  language: 'en' | 'zh',
  form?: KindForm,
): ChannelValues {
  const options = Object.entries(of?.options ?? {}).map(([name, value]) => [name, typedOf(value)]);
  return {
    name: of?.name ?? '',
    project: of === null ? project : (of.project ?? ''),
    kind: of?.kind ?? form?.kind ?? 'wecom',
    options: { ...(form === undefined ? {} : defaultsOf(form)), ...Object.fromEntries(options) },
    credentials: of === null ? 'fresh' : of.secret === null ? 'none' : 'existing',
    secret: of?.secret ?? '',
    data: {},
    language: of?.language ?? language,
    time_zone: of?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC',
    paused: of?.paused ?? false,
    route: {
      min_severity: of?.route.min_severity ?? 'warning',
      matchers: matchersText(of?.route.matchers ?? []),
      repeat_interval: typedDuration(of?.route.repeat_interval ?? 'PT4H'),
      send_resolved: of?.route.send_resolved ?? true,
    },
  };
}

/** What the options of a kind begin with. */
export function defaultsOf(form: KindForm): Record<string, Typed> {
  return Object.fromEntries(ownFields(form).map((field) => [field.name, typedOf(field.default)]));
}

const ownFields = (form: KindForm | undefined): readonly Field[] =>
  form?.fields.filter(({ is_secret: isSecret }) => !isSecret) ?? [];

/** Fields of the secret that channels of a kind use: a kind may do without. */
export function secretFields(form: KindForm | undefined): readonly Field[] {
  return form?.fields.filter(({ is_secret: isSecret }) => isSecret) ?? [];
}

/** The secret to make first; null where one is there or none is needed. Secrets are of a project. */
export function secretOf(values: ChannelValues, form: KindForm | undefined): NewSecret | null {
  if (values.credentials !== 'fresh' || secretFields(form).length === 0) return null;
  return {
    name: `${values.name.trim()}-${values.kind}`,
    project: values.project || 'default',
    kind: values.kind as NewSecret['kind'],
    description: '',
    data: Object.fromEntries(
      Object.entries(sent(secretFields(form), values.data)).map(([name, value]) => [name, String(value)]),
    ),
  };
}

export function channelOf(
  values: ChannelValues,
  form: KindForm | undefined,
  secret: string | null,
): Schemas['ChannelCommand'] {
  const { route } = values;
  return {
    kind: values.kind,
    options: sent(ownFields(form), values.options),
    secret: secretFields(form).length === 0 || values.credentials === 'none' ? null : secret,
    language: values.language,
    time_zone: values.time_zone.trim(),
    paused: values.paused,
    route: {
      ...route,
      repeat_interval: isoDuration(route.repeat_interval) ?? route.repeat_interval,
      matchers: matchersOf(route.matchers) ?? [],
    },
  };
}

export const newChannelOf = (
  values: ChannelValues,
  form: KindForm | undefined,
  secret: string | null,
): Schemas['NewChannel'] => ({
  ...channelOf(values, form, secret),
  name: values.name.trim(),
  project: values.project || null,
});

/** Values as the API takes them; what was left empty is left out. */
function sent(fields: readonly Field[], typed: Readonly<Record<string, Typed>>): Record<string, unknown> {
  const entries = fields.map((field) => [field.name, valueTyped(field, typed[field.name])]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function valueTyped({ type }: Field, typed: Typed): unknown {
  if (typed === undefined || typed === null || typed === '') return undefined;
  if (type === 'list') return linesOf(String(typed));
  if (type === 'map') return pairsOf(String(typed));
  return typeof typed === 'string' ? typed.trim() : typed;
}

function typedOf(value: unknown): Typed {
  if (Array.isArray(value)) return value.join('\n');
  if (typeof value === 'object' && value !== null) return pairsText(value as Record<string, unknown>);
  return value as Typed;
}
