import { expect, test } from 'vitest';
import { reasons } from '@/i18n/en/shared/reasons';
import { isOnTheWay, knownReason } from './reasons';

test('a reason is known by its name, else by the head of the message', () => {
  expect(knownReason(reasons, 'LoadFailed', 'capacity: none')).toBe(reasons.LoadFailed);
  expect(knownReason(reasons, 'Waiting', 'capacity: there is no room')).toBe(reasons.Capacity);
});

test('what is not known is undefined, whatever it is called', () => {
  expect(knownReason(reasons, 'SomethingNew', 'no head')).toBeUndefined();
  expect(knownReason(reasons, 'constructor')).toBeUndefined();
  expect(knownReason(reasons, null, null)).toBeUndefined();
});

test('what a pod is busy with is no warning', () => {
  expect(isOnTheWay('LoadingModel')).toBe(true);
  expect(isOnTheWay('Capacity')).toBe(false);
});
