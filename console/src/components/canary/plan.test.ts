import { expect, test } from 'vitest';
import { type Plan, planOf, planValues, stepsOfText } from './plan';

test('steps are growing shares', () => {
  expect(stepsOfText('5, 25 50')).toEqual([5, 25, 50]);
  expect([
    stepsOfText('25, 5'),
    stepsOfText('0, 5'),
    stepsOfText('5, x'),
    stepsOfText('100'),
    stepsOfText(''),
  ]).toEqual([null, null, null, null, null]);
});

test('a plan is what was typed; without a preflight, a hard stop or an end there is none', () => {
  const values = planValues(null);
  expect(planOf(values)).toMatchObject({
    steps: [5, 25, 50],
    min_duration: 'PT30M',
    stop_previous_after: 'PT1H',
    preflight: { requests: 200, slice: null, max_age: 'P7D' },
    hard_stop: { requests: 50, share: 0.2 },
  });
  const none = { ...values, hasPreflight: false, hasHardStop: false, stop_previous_after: ' ' };
  expect(planOf(none)).toMatchObject({ preflight: null, hard_stop: null, stop_previous_after: null });
});

test('an edit begins with what there is and gives back the same', () => {
  const plan = {
    ...planOf(planValues(null)),
    guardrails: [{ kind: 'errors', margin: 0.005, ratio: 1.2, required: false }],
    hard_stop: null,
    preflight: null,
    warm_up: 'PT1M',
    stop_previous_after: null,
    stop_when_rolled_back: false,
  } as Plan;
  expect(planOf(planValues(plan))).toEqual(plan);
});
