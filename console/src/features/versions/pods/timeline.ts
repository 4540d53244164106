import type { Schemas } from '@/api';

/** The start of a pod's newest run. */
export type Timeline = Schemas['TimelineView'];
export type Phase = Schemas['PhaseView'];

export interface Bar {
  readonly phase: Phase;
  readonly seconds: number;
  /** Both as shares of the whole. */
  readonly offset: number;
  readonly width: number;
  readonly isSlowest: boolean;
}

/** Seconds from the first phase to the end of the last, or to `now` while it starts. */
export function totalSeconds(timeline: Timeline, now: number): number {
  const begin = beginOf(timeline);
  return begin === null ? 0 : Math.max(0, (endOf(timeline, now) - begin) / 1000);
}

/** The phases as bars on one axis; the slowest is marked where it took more than half a second. */
export function barsOf(timeline: Timeline, now: number): Bar[] {
  const begin = beginOf(timeline);
  if (begin === null) return [];
  const whole = Math.max(endOf(timeline, now) - begin, 1);
  const spans = timeline.phases.map((phase) => {
    const start = Date.parse(phase.started_at);
    const end = !phase.ended_at ? Math.max(now, start) : Date.parse(phase.ended_at);
    return { phase, start, seconds: phase.duration_s ?? (end - start) / 1000 };
  });
  const longest = Math.max(...spans.map((span) => span.seconds));
  return spans.map(({ phase, start, seconds }) => ({
    phase,
    seconds,
    offset: (start - begin) / whole,
    width: Math.min(1, (seconds * 1000) / whole),
    isSlowest: seconds === longest && longest > 0.5,
  }));
}

function beginOf(timeline: Timeline): number | null {
  const first = timeline.phases[0]?.started_at ?? timeline.started_at;
  return first === null ? null : Date.parse(first);
}

function endOf(timeline: Timeline, now: number): number {
  if (timeline.ready_at !== null) return Date.parse(timeline.ready_at);
  const last = timeline.phases.at(-1)?.ended_at;
  return timeline.state === 'starting' || !last ? now : Date.parse(last);
}
