import { expect, test } from 'vitest';
import { evidenceShare, lastVerdict, stepsOf } from './figures';
import type { Canary, Guardrail } from './queries';

test('evidence is on a logarithmic scale up to the bound', () => {
  const of = (e: number | null) =>
    evidenceShare({ kind: 'errors', state: 'undecided', e_value: e, rolls_back_at: 400 } as Guardrail);
  expect([of(null), of(0.2), of(20), of(1e12)]).toEqual([null, 0, 0.5, 1]);
});

test('the way shows where it is, and where it ended', () => {
  const canary = (phase: string, step: number, preflight: unknown = null) =>
    ({ phase, step, preflight, plan: { steps: [5, 25], preflight: {} } }) as unknown as Canary;
  expect(stepsOf(canary('preflight', 0))).toMatchObject({ current: 0, state: 'process' });
  expect(stepsOf(canary('canary', 1))).toMatchObject({ current: 2, state: 'process' });
  expect(stepsOf(canary('rolled_back', 1))).toMatchObject({ current: 2, state: 'error' });
  expect(stepsOf(canary('rolled_back', 0, { state: 'failed' }))).toMatchObject({
    current: 0,
    state: 'error',
  });
  expect(stepsOf(canary('promoted', 1))).toMatchObject({ current: 3, state: 'finish' });
  const verdicts = [{ step: 1 }, { step: 0 }] as Canary['verdicts'];
  expect(lastVerdict({ verdicts })?.step).toBe(1);
});
