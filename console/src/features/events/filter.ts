import type { Event, Kind, Level } from './queries';

export interface EventFilter {
  readonly level: readonly Level[];
  readonly kind: readonly Kind[];
  /** A part of reason, name or message, in any case. */
  readonly q: string;
}

export function matches(event: Event, filter: EventFilter): boolean {
  const word = filter.q.trim().toLowerCase();
  const texts = [event.reason, event.resource_name, event.message];
  return (
    (filter.level.length === 0 || filter.level.includes(event.level)) &&
    (filter.kind.length === 0 || filter.kind.includes(event.resource_kind)) &&
    (word === '' || texts.some((text) => text.toLowerCase().includes(word)))
  );
}
