import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, data, type Schemas, watch } from '@/api';

export type DeadLetter = Schemas['DeadLetterView'];

export type Platform = Schemas['PlatformView'];
export type PlatformService = Schemas['ProcessView'];
export type Stream = Schemas['StreamView'];
export type Spool = Schemas['SpoolView'];
export type Store = Schemas['StoreView'];

const REFRESH_MS = 5_000;

export const platformQuery = queryOptions({
  queryKey: ['platform'],
  queryFn: ({ signal }) => data(api.GET('/api/v1/platform', { signal })),
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
