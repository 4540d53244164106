import type { Schemas } from '@/api';
import type { ChartMark } from '@/components/chart';

const TOLD = new Set(['info', 'warning', 'error']);

/** Events as marks on the time axis: when each was last seen. */
export function marksOf(events: readonly Schemas['EventEntry'][]): ChartMark[] {
  return events
    .filter((event) => TOLD.has(event.level) && event.resource_kind !== 'service')
    .map((event) => ({
      at: Date.parse(event.last_seen),
      label: `${event.resource_name}: ${event.reason}`,
      tone: event.level === 'info' ? ('info' as const) : ('bad' as const),
    }));
}
