import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, call, data, watch } from '@/api';
import type { components } from '@/api/schema';

export type DeadLetter = components['schemas']['DeadLetterView'];

export interface PlatformService {
  readonly name: string;
  readonly state: 'running' | 'away';
  readonly version: string | null;
  readonly since: string | null;
}

export interface Stream {
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
  readonly max_bytes: number | null;
  readonly fill: number | null;
}

export interface Spool {
  readonly router: string;
  readonly bytes: number;
  readonly max_bytes: number | null;
  readonly oldest_age_s: number | null;
}

export interface Store {
  readonly service: string;
  readonly kind: string;
  readonly bytes: number | null;
}

export interface Platform {
  readonly services: readonly PlatformService[];
  readonly streams: readonly Stream[];
  readonly spool: readonly Spool[];
  readonly inference_logger: {
    readonly pending: number | null;
    readonly unacked: number | null;
    readonly oldest_age_s: number | null;
  } | null;
  readonly dead_letters: number | null;
  readonly stores: readonly Store[];
}

const REFRESH_MS = 5_000;

export const platformQuery = queryOptions({
  queryKey: ['platform'],
  queryFn: ({ signal }) => call<Platform>('GET', '/platform', { signal }),
  refetchInterval: REFRESH_MS,
});

export const lettersQuery = queryOptions({
  queryKey: ['platform', 'dead letters'],
  queryFn: async ({ signal }) =>
    (await data(api.GET('/api/v1/dead-letters', { params: { query: { page_size: 100 } }, signal }))).items,
  meta: watch(['dead_letter']),
});

export function useReplay() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (letter: DeadLetter) =>
      data(
        api.POST('/api/v1/dead-letters/{letter_id}/replay', {
          params: { path: { letter_id: Number(letter.id) } },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: ['platform'] }),
  });
}
