import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas, watch } from '@/api';

export type Erasure = Schemas['ErasureView'];
export type NewErasure = Schemas['NewErasure'];

const REFRESH_MS = 5_000;

export const erasuresQuery = (service: string) =>
  infiniteQueryOptions({
    queryKey: ['erasures', service, 'list'],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const params = { path: { service }, query: { page_size: 50, cursor: pageParam } };
      return data(api.GET('/api/v1/services/{service}/erasures', { params, signal }));
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some(({ status }) => status === 'accepted'))
        ? REFRESH_MS
        : false,
    meta: watch(['erasure'], service),
  });

export const erasureQuery = (service: string, erasure: string) =>
  queryOptions({
    queryKey: ['erasures', service, 'one', erasure],
    queryFn: ({ signal }) => {
      const params = { path: { service, erasure } };
      return data(api.GET('/api/v1/services/{service}/erasures/{erasure}', { params, signal }));
    },
    refetchInterval: ({ state }) => (state.data?.status === 'finished' ? false : REFRESH_MS),
  });

export const orderErasure = (service: string, body: NewErasure) =>
  data(api.POST('/api/v1/services/{service}/erasures', { params: { path: { service } }, body }));
