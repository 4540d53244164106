import { expect, test } from 'vitest';
import { allTo, isSameSplit, moveShare, splitText } from './split';

test('with two versions the other one gets the rest', () => {
  expect(moveShare({ v1: 90, v2: 10 }, 'v2', 25)).toEqual({ v1: 75, v2: 25 });
  expect(moveShare({ v1: 100, v2: 0 }, 'v1', 40)).toEqual({ v1: 40, v2: 60 });
});

test('more versions keep their proportions, in whole numbers that sum to 100', () => {
  for (let share = 0; share <= 100; share += 1) {
    const moved = moveShare({ a: 34, b: 33, c: 33 }, 'a', share);
    expect(Object.values(moved).reduce((sum, one) => sum + one, 0)).toBe(100);
  }
  expect(moveShare({ a: 0, b: 75, c: 25 }, 'a', 20)).toEqual({ a: 20, b: 60, c: 20 });
});

test('a share is bound to 0 and 100, and to all of it where there is one version', () => {
  expect(moveShare({ v1: 50, v2: 50 }, 'v1', 120)).toEqual({ v1: 100, v2: 0 });
  expect(moveShare({ v1: 100 }, 'v1', 10)).toEqual({ v1: 100 });
});

test('splits are compared by their shares', () => {
  expect(isSameSplit({ v1: 100 }, { v1: 100, v2: 0 })).toBe(true);
  expect(isSameSplit({ v1: 100 }, { v1: 90, v2: 10 })).toBe(false);
  expect(splitText(allTo('v2', ['v1', 'v2']))).toBe('v1 0, v2 100');
});
