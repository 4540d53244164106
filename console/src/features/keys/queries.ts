import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, data, type Schemas, watch } from '@/api';

export type Key = Schemas['KeyView'];
export type IssuedKey = Schemas['IssuedKeyView'];
export type Scope = Key['scopes'][number];

/** As many as one page holds; a service has a handful. */
const MOST = 100;

export const keysQuery = (service: string) =>
  queryOptions({
    queryKey: ['keys', service],
    queryFn: async ({ signal }) => {
      const params = { path: { service }, query: { page_size: MOST } };
      return (await data(api.GET('/api/v1/services/{service}/keys', { params, signal }))).items;
    },
    meta: watch(['key'], service),
  });

export const createKey = (service: string, body: Schemas['NewKey']) =>
  data(api.POST('/api/v1/services/{service}/keys', { params: { path: { service } }, body }));

export const rotateKey = (service: string, key: Key, body: Schemas['Rotation']) =>
  data(
    api.POST('/api/v1/services/{service}/keys/{key_id}/rotate', {
      params: { path: { service, key_id: key.id } },
      body,
    }),
  );

export function useKeysChanged(service: string): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: keysQuery(service).queryKey });
}

export function useRevokeKey(service: string) {
  const changed = useKeysChanged(service);
  return useMutation({
    mutationFn: (key: Key) =>
      data(
        api.DELETE('/api/v1/services/{service}/keys/{key_id}', {
          params: { path: { service, key_id: key.id } },
        }),
      ),
    onSuccess: changed,
  });
}
