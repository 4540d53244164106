import type { Schemas } from '@/api';
import { isoDuration, typedDuration } from '@/i18n';

export type Plan = Schemas['CanaryPlan'];
export type GuardrailKind = Schemas['GuardrailRule']['kind'];

export const GUARDRAILS: readonly GuardrailKind[] = [
  'errors',
  'client_errors',
  'latency_p95',
  'latency_p99',
  'quality',
];

export const DURATIONS = [
  'step_duration',
  'min_duration',
  'time_limit',
  'waiting_limit',
  'warm_up',
  'baseline_window',
  'stop_previous_after',
] as const;
type DurationName = (typeof DURATIONS)[number];

/** How far a figure may get worse; null: as the platform has it. */
interface Limit {
  readonly margin: number | null;
  readonly ratio: number | null;
  readonly required: boolean | null;
}

/** A plan as a form holds it; named as the API names it, so that a refusal finds its field. */
export interface PlanValues extends Readonly<Record<DurationName, string>> {
  /** `5, 25, 50` */
  readonly steps: string;
  readonly guardrails: readonly GuardrailKind[];
  readonly limits: Readonly<Record<GuardrailKind, Limit>>;
  readonly step_requests: number;
  readonly min_requests: number;
  readonly baseline_requests: number;
  readonly alpha: number;
  readonly hasHardStop: boolean;
  readonly hard_stop: { readonly requests: number; readonly share: number };
  readonly hasPreflight: boolean;
  readonly preflight: {
    readonly requests: number;
    readonly max_errors: number;
    readonly max_changed: number | null;
    readonly max_latency_ratio: number | null;
    readonly tolerance: number;
    readonly max_age: string;
    readonly time_limit: string;
    readonly slice: string;
  };
  readonly stop_when_rolled_back: boolean;
}

/** What the platform does where nothing is said. */
const DEFAULTS = {
  step_duration: 'PT10M',
  min_duration: 'PT30M',
  time_limit: 'P1D',
  waiting_limit: 'P1D',
  warm_up: 'PT30S',
  baseline_window: 'PT1H',
  stop_previous_after: 'PT1H',
} satisfies Record<DurationName, string>;

export function planValues(of: Plan | null): PlanValues {
  const duration = (name: DurationName) =>
    typedDuration(
      of === null ? DEFAULTS[name] : (of[name] ?? (name === 'stop_previous_after' ? '' : DEFAULTS[name])),
    );
  const wanted: readonly Schemas['GuardrailRule'][] = of?.guardrails ?? GUARDRAILS.map((kind) => ({ kind }));
  const rules = new Map(wanted.map((rule) => [rule.kind, rule]));
  const limit = (kind: GuardrailKind): Limit => {
    const rule = rules.get(kind);
    return { margin: rule?.margin ?? null, ratio: rule?.ratio ?? null, required: rule?.required ?? null };
  };
  const { hard_stop: hardStop, preflight } = of ?? {};
  return {
    steps: (of?.steps ?? [5, 25, 50]).join(', '),
    guardrails: [...rules.keys()],
    limits: Object.fromEntries(GUARDRAILS.map((kind) => [kind, limit(kind)])) as PlanValues['limits'],
    step_requests: of?.step_requests ?? 300,
    min_requests: of?.min_requests ?? 1_000,
    baseline_requests: of?.baseline_requests ?? 200,
    alpha: of?.alpha ?? 0.01,
    ...(Object.fromEntries(DURATIONS.map((name) => [name, duration(name)])) as Record<DurationName, string>),
    hasHardStop: hardStop !== null,
    hard_stop: { requests: hardStop?.requests ?? 50, share: hardStop?.share ?? 0.2 },
    hasPreflight: preflight !== null,
    preflight: {
      requests: preflight?.requests ?? 200,
      max_errors: preflight?.max_errors ?? 0.01,
      max_changed: preflight?.max_changed ?? null,
      max_latency_ratio: preflight?.max_latency_ratio ?? null,
      tolerance: preflight?.tolerance ?? 1e-6,
      max_age: typedDuration(preflight?.max_age ?? 'P7D'),
      time_limit: typedDuration(preflight?.time_limit ?? 'PT5M'),
      slice: preflight?.slice ?? '',
    },
    stop_when_rolled_back: of?.stop_when_rolled_back ?? true,
  };
}

/** Shares between 1 and 99 that grow; null where they are none. */
export function stepsOfText(typed: string): number[] | null {
  const steps = typed.split(/[\s,，]+/).filter(Boolean);
  const shares = steps.map(Number);
  const isRight = shares.every(
    (share, index) => Number.isInteger(share) && share > 0 && share < 100 && share > (shares[index - 1] ?? 0),
  );
  return shares.length > 0 && isRight ? shares : null;
}

/** What the form says; a duration that is none is for the server to refuse. */
export function planOf(values: PlanValues): Plan {
  const duration = (typed: string | undefined) => isoDuration(typed ?? '') ?? ((typed ?? '').trim() || null);
  const durations = Object.fromEntries(DURATIONS.map((name) => [name, duration(values[name])]));
  const { preflight } = values;
  return {
    steps: stepsOfText(values.steps) ?? [],
    guardrails: values.guardrails.map((kind) => ({ kind, ...values.limits[kind] })),
    step_requests: values.step_requests,
    min_requests: values.min_requests,
    baseline_requests: values.baseline_requests,
    alpha: values.alpha,
    ...durations,
    hard_stop: values.hasHardStop ? values.hard_stop : null,
    preflight: values.hasPreflight
      ? {
          ...preflight,
          max_age: duration(preflight.max_age),
          time_limit: duration(preflight.time_limit),
          slice: preflight.slice.trim() || null,
        }
      : null,
    stop_when_rolled_back: values.stop_when_rolled_back,
  } as Plan;
}
