import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import {
  api,
  data,
  dryRun,
  ifMatch,
  readAll,
  type Schemas,
  serviceQuery,
  type UpdatePreview,
  type Version,
  watch,
} from '@/api';
import type { Weights } from './split/split';

export type Pod = Schemas['PodView'];
export type NewVersion = Schemas['NewVersion'];
export type VersionChange = Schemas['VersionChange'];
export type Traffic = Schemas['TrafficView'];

export type ChartSeries = Schemas['ChartSeries'];
/** One change of a version; secrets are never in it. */
export type HistoryItem = Schemas['HistoryView'];

const at = (service: string, version: string) => ({ params: { path: { service, version } } });
const pathOf = (service: string, version: string) => `/services/${service}/versions/${version}`;

export const podsQuery = (service: string, version: string) =>
  queryOptions({
    queryKey: ['pods', service, version],
    queryFn: async ({ signal }) =>
      (
        await data(
          api.GET('/api/v1/services/{service}/versions/{version}/pods', { ...at(service, version), signal }),
        )
      ).items,
    // What a pod uses changes all the time, which `changes` does not tell.
    refetchInterval: 10_000,
    meta: watch(['pods', 'version'], service),
  });

export const timelineQuery = (pod: Pod) =>
  queryOptions({
    queryKey: ['timeline', pod.service, pod.version, pod.name, pod.restarts],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/services/{service}/versions/{version}/pods/{pod}/timeline', {
          params: { path: { service: pod.service, version: pod.version, pod: pod.name } },
          signal,
        }),
      ),
    refetchInterval: (query) => (query.state.data?.state === 'ready' ? false : 1_000),
    meta: watch(['pods'], pod.service),
  });

/** Whether the pods of a version have terminals for the user: one of them is asked. */
export const terminalQuery = (pod: Pod | undefined) =>
  queryOptions({
    queryKey: ['terminals', pod?.service, pod?.version],
    queryFn: async ({ signal }) => {
      if (pod === undefined) return false;
      const path = { service: pod.service, version: pod.version, pod: pod.name };
      const found = await data(
        api.GET('/api/v1/services/{service}/versions/{version}/pods/{pod}/terminal', {
          params: { path },
          signal,
        }),
      );
      return found.available;
    },
    enabled: pod !== undefined,
    staleTime: 60_000,
    retry: false,
  });

export const historyQuery = (service: string, version: string) =>
  infiniteQueryOptions({
    queryKey: ['history', service, version],
    queryFn: ({ pageParam, signal }) =>
      data(
        api.GET('/api/v1/services/{service}/versions/{version}/history', {
          params: { path: { service, version }, query: { page_size: 20, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    meta: watch(['version'], service),
  });

const LIVE_MS = 120_000;
const LIVE_METRICS = 'requests_per_second,status_5xx,latency_p99';

/** The last two minutes of each version, in steps of 10 s. */
export const liveQuery = (service: string) =>
  queryOptions({
    queryKey: ['live', service],
    queryFn: async ({ signal }) => {
      const now = Date.now();
      const query = {
        metrics: LIVE_METRICS,
        by: 'version' as const,
        step: 10,
        from: new Date(now - LIVE_MS).toISOString(),
        to: new Date(now).toISOString(),
      };
      const params = { path: { service }, query };
      return (await data(api.GET('/api/v1/services/{service}/charts', { params, signal }))).series;
    },
    refetchInterval: 5_000,
  });

const VERBS = {
  start: '/api/v1/services/{service}/versions/{version}/start',
  stop: '/api/v1/services/{service}/versions/{version}/stop',
  restart: '/api/v1/services/{service}/versions/{version}/restart',
} as const;

export type Operation =
  | { readonly verb: 'start' | 'restart' }
  | { readonly verb: 'stop'; readonly weights: Weights | null };

/** Reads anew what a write has changed, also where the stream of changes is away. */
export function useChanged(service: string): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await queries.invalidateQueries({ queryKey: serviceQuery(service).queryKey });
    void queries.invalidateQueries({ queryKey: ['pods', service] });
    void queries.invalidateQueries({ queryKey: ['history', service] });
  };
}

export function useOperateVersion(version: Version) {
  const changed = useChanged(version.service);
  return useMutation({
    mutationFn: (operation: Operation) => {
      const where = at(version.service, version.name);
      if (operation.verb !== 'stop') return data(api.POST(VERBS[operation.verb], where));
      return data(api.POST(VERBS.stop, { ...where, body: { weights: operation.weights } }));
    },
    onSuccess: changed,
  });
}

export function useDeleteVersion(version: Version) {
  const changed = useChanged(version.service);
  return useMutation({
    mutationFn: () =>
      data(api.DELETE('/api/v1/services/{service}/versions/{version}', at(version.service, version.name))),
    onSuccess: changed,
  });
}

export function useRestartPod() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (pod: Pod) =>
      data(
        api.POST('/api/v1/services/{service}/versions/{version}/pods/{pod}/restart', {
          params: { path: { service: pod.service, version: pod.version, pod: pod.name } },
        }),
      ),
    onSuccess: (_, pod) => queries.invalidateQueries({ queryKey: ['pods', pod.service, pod.version] }),
  });
}

export interface Split {
  readonly weights: Weights;
  readonly fallback: string | null;
}

/** What a split would do now, whoever has changed the service since. */
export const previewSplit = (service: string, split: Split, signal?: AbortSignal) =>
  dryRun('PUT', `/services/${service}/traffic`, split, null, signal);

export const setSplit = (service: string, split: Split, revision: number | null) =>
  data(
    api.PUT('/api/v1/services/{service}/traffic', {
      params: { path: { service }, header: revision === null ? {} : ifMatch(revision) },
      body: split,
    }),
  );

export const createVersion = (service: string, body: NewVersion) =>
  data(api.POST('/api/v1/services/{service}/versions', { params: { path: { service } }, body }));

export const readVersion = (service: string, version: string): Promise<Version> =>
  data(api.GET('/api/v1/services/{service}/versions/{version}', at(service, version)));

export const previewVersion = (
  version: Version,
  change: Partial<VersionChange>,
  revision: number,
): Promise<UpdatePreview> => dryRun('PATCH', pathOf(version.service, version.name), change, revision);

export const changeVersion = (version: Version, change: Partial<VersionChange>, revision: number) =>
  data(
    api.PATCH('/api/v1/services/{service}/versions/{version}', {
      params: {
        path: { service: version.service, version: version.name },
        header: ifMatch(revision),
      },
      body: change,
    }),
  );

export const modelsQuery = queryOptions({
  queryKey: ['versions form', 'models'],
  queryFn: ({ signal }) => readAll((page) => api.GET('/api/v1/models', { params: { query: page }, signal })),
});
