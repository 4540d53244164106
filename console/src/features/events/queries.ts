import { infiniteQueryOptions } from '@tanstack/react-query';
import { api, data, type Schemas, watch } from '@/api';

export type Event = Schemas['EventEntry'];
export type Level = Event['level'];
export type Kind = Event['resource_kind'];

const PAGE = 200;

/** What the monitor notes a moment after the fact is not told by `changes`. */
const EVERY_MS = 5_000;

export const eventsQuery = (service: string, version: string) =>
  infiniteQueryOptions({
    queryKey: ['events', service, version],
    queryFn: ({ pageParam, signal }) => {
      const query = { page_size: PAGE, cursor: pageParam, version: version === '' ? null : version };
      return data(
        api.GET('/api/v1/services/{service}/events', { params: { path: { service }, query }, signal }),
      );
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    refetchInterval: EVERY_MS,
    meta: watch(['service', 'version', 'pods', 'traffic', 'key'], service),
  });
