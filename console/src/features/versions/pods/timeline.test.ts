import { expect, test } from 'vitest';
import { barsOf, type Phase, type Timeline, totalSeconds } from './timeline';

const at = (second: number) => new Date(second * 1000).toISOString();

function phase(name: Phase['name'], start: number, end: number | null): Phase {
  return {
    name,
    started_at: at(start),
    ended_at: end === null ? null : at(end),
    duration_s: end === null ? null : end - start,
    state: end === null ? 'running' : 'done',
    detail: null,
  };
}

const STARTING: Timeline = {
  pod: 'p',
  run: 0,
  state: 'starting',
  started_at: at(100),
  ready_at: null,
  phases: [phase('placed', 100, 101), phase('model', 101, 105), phase('loaded', 105, null)],
};

test('what runs grows until now', () => {
  expect(totalSeconds(STARTING, 110_000)).toBe(10);
  const bars = barsOf(STARTING, 110_000);
  expect(bars.map((bar) => bar.seconds)).toEqual([1, 4, 5]);
  expect(bars.map((bar) => bar.offset)).toEqual([0, 0.1, 0.5]);
  expect(bars.map((bar) => bar.isSlowest)).toEqual([false, false, true]);
});

test('what is ready stays as it was', () => {
  const ready: Timeline = {
    ...STARTING,
    state: 'ready',
    ready_at: at(108),
    phases: [...STARTING.phases.slice(0, 2), phase('loaded', 105, 108)],
  };
  expect(totalSeconds(ready, 999_000)).toBe(8);
});

test('a pod of an earlier release has no bars', () => {
  expect(barsOf({ ...STARTING, phases: [], started_at: null }, 0)).toEqual([]);
});
