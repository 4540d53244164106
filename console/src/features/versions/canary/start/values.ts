import type { GuardrailKind, NewCanary } from '../queries';

export const GUARDRAILS: readonly GuardrailKind[] = [
  'errors',
  'client_errors',
  'latency_p95',
  'latency_p99',
  'quality',
];

/** What the form holds; named as the API names it, so that a refusal finds its field. */
export interface CanaryValues {
  readonly version: string;
  /** `5, 25, 50` */
  readonly steps: string;
  readonly guardrails: readonly GuardrailKind[];
  readonly step_requests: number;
  readonly step_duration: string;
  readonly min_requests: number;
  readonly min_duration: string;
  readonly time_limit: string;
  readonly alpha: number;
  readonly hasPreflight: boolean;
  readonly preflight: {
    readonly requests: number;
    readonly max_errors: number;
    readonly max_changed: number | null;
    readonly slice: string;
  };
  readonly stop_previous_after: string;
}

export const DEFAULTS: Omit<CanaryValues, 'version'> = {
  steps: '5, 25, 50',
  guardrails: GUARDRAILS,
  step_requests: 300,
  step_duration: 'PT10M',
  min_requests: 1_000,
  min_duration: 'PT30M',
  time_limit: 'P1D',
  alpha: 0.01,
  hasPreflight: true,
  preflight: { requests: 200, max_errors: 0.01, max_changed: null, slice: '' },
  stop_previous_after: 'PT1H',
};

/** Shares between 1 and 99 that grow; null where they are none. */
export function stepsOfText(typed: string): number[] | null {
  const steps = typed.split(/[\s,，]+/).filter(Boolean);
  const shares = steps.map(Number);
  const isRight = shares.every(
    (share, index) => Number.isInteger(share) && share > 0 && share < 100 && share > (shares[index - 1] ?? 0),
  );
  return shares.length > 0 && isRight ? shares : null;
}

export function canaryOf(values: CanaryValues): NewCanary {
  const { preflight } = values;
  return {
    version: values.version,
    steps: stepsOfText(values.steps) ?? [],
    guardrails: values.guardrails.map((kind) => ({ kind })),
    step_requests: values.step_requests,
    step_duration: values.step_duration.trim(),
    min_requests: values.min_requests,
    min_duration: values.min_duration.trim(),
    time_limit: values.time_limit.trim(),
    alpha: values.alpha,
    preflight: values.hasPreflight
      ? {
          requests: preflight.requests,
          max_errors: preflight.max_errors,
          max_changed: preflight.max_changed,
          slice: preflight.slice.trim() || null,
        }
      : null,
    stop_previous_after: values.stop_previous_after.trim() || null,
  } as NewCanary;
}
