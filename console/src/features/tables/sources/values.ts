import { pairsOf, pairsText } from '@/components/form/lines';
import { isoDuration, typedDuration } from '@/i18n';
import type { Definition, NewSource, Source } from './queries';

/** What the form holds; named as the API names it, so that a refusal finds its field. */
export interface SourceValues {
  readonly name: string;
  readonly format: Source['format'];
  readonly location: string;
  readonly query: string;
  readonly secret: string;
  readonly growing: string;
  /** `name = column`, one a line. */
  readonly key: string;
  /** A column, or `name = column`, one a line. */
  readonly label: string;
  readonly row: string;
  readonly labelled_at: string;
  readonly schedule: string;
  readonly paused: boolean;
}

export function valuesOf(source: Source | null): SourceValues {
  const { label } = source ?? {};
  return {
    name: source?.name ?? '',
    format: source?.format ?? 'csv',
    location: source?.location ?? '',
    query: source?.query ?? '',
    secret: source?.secret ?? '',
    growing: source?.growing ?? '',
    key: pairsText(source?.key ?? { client_request_id: 'client_request_id' }),
    label: typeof label === 'object' ? pairsText(label) : (label ?? ''),
    row: source?.row ?? '',
    labelled_at: source?.labelled_at ?? '',
    schedule: typedDuration(source === null ? 'PT1H' : (source.schedule ?? '')),
    paused: source?.paused ?? false,
  };
}

/** What the form says; fields of another format are left out. */
export function definitionOf(values: SourceValues): Definition {
  const isSql = values.format === 'sql';
  const text = (value: string) => value.trim() || null;
  return {
    format: values.format,
    location: isSql ? null : text(values.location),
    query: isSql ? text(values.query) : null,
    secret: isSql ? text(values.secret) : null,
    growing: isSql ? text(values.growing) : null,
    key: columnsOf(values.key),
    label: values.label.includes('=') ? columnsOf(values.label) : values.label.trim(),
    row: text(values.row),
    labelled_at: text(values.labelled_at),
    schedule: isoDuration(values.schedule) ?? text(values.schedule),
    paused: values.paused,
  };
}

export const newSourceOf = (values: SourceValues): NewSource => ({
  name: values.name.trim(),
  ...definitionOf(values),
});

/** Lines of `name = column`; a name alone is the column of that name. */
export const columnsOf = (typed: string) => pairsOf(typed, (name) => name);
