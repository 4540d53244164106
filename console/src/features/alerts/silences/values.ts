import type { Schemas } from '@/api';
import { isoDuration, typedDuration } from '@/i18n';
import type { Maintenance, Matcher, Silence } from '../queries';

const MATCHER = /^\s*([^=!~\s]+)\s*(=~|!~|!=|=)\s*(.*?)\s*$/;

/** Lines of `name=value`, `name!=value`, `name=~expression`, `name!~expression`; null where one is none of these. */
export function matchersOf(typed: string): Matcher[] | null {
  const lines = typed.split('\n').filter((line) => line.trim() !== '');
  const found = lines.map((line) => MATCHER.exec(line));
  if (found.some((match) => match === null)) return null;
  return found.map((match) => {
    const [, name = '', sign = '=', value = ''] = match ?? [];
    return { name, value, is_equal: !sign.startsWith('!'), is_regex: sign.endsWith('~') };
  });
}

export function matchersText(matchers: readonly Matcher[]): string {
  return matchers
    .map(({ name, value, is_equal: isEqual = true, is_regex: isRegex = false }) => {
      const sign = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
      return `${name}${sign}${value}`;
    })
    .join('\n');
}

/** Hours that a silence is offered for; '' is a moment of one's own. */
export const SPANS = ['1', '4', '24', '168', ''] as const;

export interface SilenceValues {
  /** '' is the installation. */
  readonly project: string;
  readonly matchers: string;
  /** '' is now. */
  readonly starts_at: string;
  readonly hours: (typeof SPANS)[number];
  /** What `hours` says where it is ''; ISO-8601. */
  readonly ends_at: string;
  readonly comment: string;
}

/** What the form says, as from `now` (ms) on; so many hours are counted from its beginning. */
export function silenceOf(values: SilenceValues, now: number): Schemas['SilenceCommand'] {
  const { hours, starts_at: starts } = values;
  const begins = starts ? Date.parse(starts) : now;
  const ends = hours === '' ? values.ends_at : new Date(begins + +hours * 3_600_000).toISOString();
  return {
    matchers: matchersOf(values.matchers) ?? [],
    starts_at: starts || null,
    ends_at: ends,
    comment: values.comment,
  };
}

export function silenceValues(of: Silence | null, project: string | null, matchers: string): SilenceValues {
  return {
    project: (of === null ? project : of.project) ?? '',
    matchers: of === null ? matchers : matchersText(of.matchers),
    starts_at: of?.starts_at ?? '',
    hours: of === null ? '4' : '',
    ends_at: of?.ends_at ?? '',
    comment: of?.comment ?? '',
  };
}

export type Often = 'once' | 'again';

export interface MaintenanceValues {
  readonly name: string;
  /** `service <name>`, `project <name>`, or '' for the installation. */
  readonly scope: string;
  readonly often: Often;
  readonly starts_at: string;
  readonly ends_at: string;
  /** Until when it begins again and again; '' is for ever. */
  readonly last_at: string;
  readonly schedule: string;
  readonly duration: string;
  readonly comment: string;
}

export function maintenanceValues(of: Maintenance | null, scope: string, now: number): MaintenanceValues {
  const inHours = (hours: number) => new Date(now + hours * 3_600_000).toISOString();
  return {
    name: of?.name ?? '',
    scope,
    often: of?.schedule ? 'again' : 'once',
    starts_at: of === null ? inHours(0) : (of.starts_at ?? ''),
    ends_at: of === null ? inHours(2) : of.schedule ? '' : (of.ends_at ?? ''),
    last_at: of?.schedule ? (of.ends_at ?? '') : '',
    schedule: of?.schedule ?? '0 2 * * *',
    duration: typedDuration(of?.duration ?? 'PT2H'),
    comment: of?.comment ?? '',
  };
}

/** What the form says; fields of the other way are left out. */
export function maintenanceOf(values: MaintenanceValues): Schemas['MaintenanceCommand'] {
  const { often, comment, starts_at: starts } = values;
  if (often === 'once') return { starts_at: starts || null, ends_at: values.ends_at, comment };
  return {
    schedule: values.schedule.trim(),
    duration: isoDuration(values.duration) ?? values.duration,
    starts_at: starts || null,
    ends_at: values.last_at || null,
    comment,
  };
}

export function newMaintenanceOf(values: MaintenanceValues): Schemas['NewMaintenance'] {
  const [kind, name] = values.scope.split(' ');
  return {
    name: values.name.trim(),
    service: kind === 'service' ? (name ?? null) : null,
    project: kind === 'project' ? (name ?? null) : null,
    ...maintenanceOf(values),
  };
}
