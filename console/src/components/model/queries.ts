import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas } from '@/api';

export type RegisteredModel = Schemas['RegisteredModel'];
export type ModelVersion = Schemas['ModelVersion'];

/** The registry tells nobody what changes in it: what was read stays for a moment. */
const STALE_MS = 30_000;

/** A page of registered models; `registry`: the secret that describes another tracking server. */
export function modelsQuery(search: string, registry = '', cursor = '') {
  return queryOptions({
    queryKey: ['models', search, registry, cursor],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/models', {
          params: { query: { search: search || null, registry: registry || null, cursor: cursor || null } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: STALE_MS,
  });
}

export function modelQuery(model: string, registry = '') {
  return queryOptions({
    queryKey: ['model', model, registry],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/models/{model}', {
          params: { path: { model }, query: { registry: registry || null } },
          signal,
        }),
      ),
    enabled: model !== '',
    staleTime: STALE_MS,
  });
}

export function modelVersionQuery(model: string, version: string, registry = '') {
  return queryOptions({
    queryKey: ['model', model, registry, version],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/models/{model}/versions/{version}', {
          params: { path: { model, version }, query: { registry: registry || null } },
          signal,
        }),
      ),
    enabled: model !== '' && version !== '',
    staleTime: STALE_MS,
  });
}

/** Secrets that describe other tracking servers. */
export const registriesQuery = queryOptions({
  queryKey: ['registries'],
  queryFn: async ({ signal }) => {
    const { items } = await data(api.GET('/api/v1/secrets', { signal }));
    return items.filter((secret) => secret.kind === 'mlflow');
  },
  staleTime: STALE_MS,
  retry: false,
});
