import type { Schemas } from '@/api';
import { isoDuration, typedDuration } from '@/i18n';
import { type Kind, metricOf } from '../metrics';
import type { Definition, NewRule, Rule } from '../queries';

type BaselineKind = Schemas['BaselineCommand']['kind'];

/** What the form holds; named as the API names it, so that a refusal finds its field. */
export interface RuleValues {
  readonly name: string;
  readonly kind: Kind;
  readonly metric: string;
  readonly columns: readonly string[];
  readonly warning: number | null;
  readonly critical: number | null;
  readonly baseline: {
    readonly kind: BaselineKind;
    readonly location: string;
    readonly start: string;
    readonly end: string;
    readonly weeks: number | null;
  };
  readonly window: string;
  readonly schedule: string;
  readonly delay: string;
  readonly slice: string;
  readonly min_sample: number | null;
  readonly windows: string;
  readonly alert: Definition['alert'];
  readonly outcome: {
    readonly label: string;
    readonly prediction: string;
    readonly score: string;
    readonly positive: string;
  };
  readonly paused: boolean;
}

/** What a form begins with: a rule, or what was chosen for a new one. */
export function ruleValues(of: Rule | null, chosen: Partial<RuleValues> = {}): RuleValues {
  const { baseline, outcome } = of ?? {};
  return {
    name: of?.name ?? '',
    kind: of?.kind ?? 'drift',
    metric: of?.metric ?? 'psi',
    columns: of?.columns ?? ['*'],
    warning: of === null ? 0.1 : of.warning,
    critical: of === null ? 0.25 : of.critical,
    baseline: {
      kind: baseline?.kind ?? 'training',
      location: baseline?.location ?? '',
      start: baseline?.start ?? '',
      end: baseline?.end ?? '',
      weeks: baseline?.weeks ?? null,
    },
    window: typedDuration(of?.window ?? 'PT1H'),
    schedule: of === null || of.schedule === of.window ? '' : typedDuration(of.schedule),
    delay: typedDuration(of?.delay ?? ''),
    slice: of?.slice ?? '',
    min_sample: of?.min_sample ?? null,
    windows: of?.windows ?? '1 of 1',
    alert: of?.alert ?? 'rule',
    outcome: {
      label: outcome?.label ?? '',
      prediction: outcome?.prediction ?? '',
      score: outcome?.score ?? '',
      positive: outcome?.positive ?? '',
    },
    paused: of?.paused ?? false,
    ...chosen,
  };
}

/** What the form says; what the metric does not have is left out. */
export function definitionOf(values: RuleValues): Definition {
  const metric = metricOf(values.kind, values.metric);
  const text = (value: string) => value.trim() || null;
  // What is none of these is for the server to refuse.
  const duration = (value: string) => isoDuration(value) ?? text(value);
  const { outcome } = values;
  return {
    kind: values.kind,
    metric: values.metric,
    columns: metric?.isOfColumns ? [...values.columns] : ['*'],
    warning: values.warning ?? null,
    critical: values.critical ?? null,
    baseline: metric?.hasBaseline ? baselineOf(values.baseline) : null,
    window: duration(values.window),
    schedule: duration(values.schedule),
    delay: duration(values.delay),
    slice: text(values.slice),
    min_sample: values.min_sample ?? null,
    windows: values.windows.trim(),
    alert: values.alert,
    outcome:
      values.kind === 'model_quality'
        ? {
            label: text(outcome.label),
            prediction: text(outcome.prediction),
            score: text(outcome.score),
            positive: text(outcome.positive),
          }
        : {},
    paused: values.paused,
  } as Definition;
}

export const newRuleOf = (values: RuleValues): NewRule => ({
  name: values.name.trim(),
  ...definitionOf(values),
});

function baselineOf({ kind, location, start, end, weeks }: RuleValues['baseline']): Definition['baseline'] {
  const none = { location: null, start: null, end: null, weeks: null };
  switch (kind) {
    case 'table':
    case 'file':
      return { ...none, kind, location: location.trim() || null };
    case 'window':
      return { ...none, kind, start: start || null, end: end || null };
    case 'seasonal':
      return { ...none, kind, weeks: weeks ?? null };
    default:
      return { ...none, kind };
  }
}
