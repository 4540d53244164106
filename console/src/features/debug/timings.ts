import type { Answer } from './queries';

export const PARTS = ['router', 'queue', 'predict', 'other'] as const;
export type Part = (typeof PARTS)[number];

/** Milliseconds by part; what is left of the whole is the way there and back. Empty where nothing was told. */
export function splitOf({ timings, duration_ms }: Pick<Answer, 'timings' | 'duration_ms'>): [Part, number][] {
  if (!timings) return [];
  const known: [Part, number | null][] = [
    ['router', timings.router_ms],
    ['queue', timings.queue_ms],
    ['predict', timings.predict_ms],
  ];
  const told = known.filter((part): part is [Part, number] => part[1] !== null);
  if (told.length === 0) return [];
  const rest = Math.max(duration_ms, timings.total_ms ?? 0) - told.reduce((sum, [, ms]) => sum + ms, 0);
  return rest > 0 ? [...told, ['other', rest]] : told;
}
