import type { Canary, Guardrail, Phase } from './queries';

const OVER = new Set<Phase>(['promoted', 'rolled_back', 'aborted', 'error']);

/** Whether it has ended, one way or another. */
export const isOver = ({ phase }: Pick<Canary, 'phase'>) => OVER.has(phase);

/** Where a bar of evidence ends, from 0 to 1: e-values are compared on a logarithmic scale, from 1 on. */
export function evidenceShare({ e_value: value, rolls_back_at: bound }: Guardrail): number | null {
  if (value == null || bound == null || bound <= 1) return null;
  return Math.max(0, Math.min(1, Math.log(Math.max(value, 1)) / Math.log(bound)));
}

/** The guardrails of the last verdict there is; of a canary without one: none. */
export function lastVerdict({ verdicts }: Pick<Canary, 'verdicts'>) {
  return verdicts.reduce<Canary['verdicts'][number] | undefined>(
    (last, one) => (last === undefined || one.step >= last.step ? one : last),
    undefined,
  );
}

export type StepState = 'wait' | 'process' | 'finish' | 'error';

/** The way of a canary: preflight, its shares, all of the traffic. `current` is where it is or ended. */
export function stepsOf(canary: Pick<Canary, 'phase' | 'plan' | 'step' | 'preflight'>) {
  const { phase, plan, step, preflight } = canary;
  const shares = plan.steps ?? [];
  const hasPreflight = plan.preflight !== null && plan.preflight !== undefined;
  const offset = hasPreflight ? 1 : 0;
  const isBefore = phase === 'waiting' || phase === 'preflight' || preflight?.state === 'failed';
  const current = phase === 'promoted' ? offset + shares.length : isBefore ? 0 : offset + step;
  const failed = phase === 'rolled_back' || phase === 'aborted' || phase === 'error';
  const state: StepState = phase === 'promoted' ? 'finish' : failed ? 'error' : 'process';
  return { shares, hasPreflight, current, state };
}
