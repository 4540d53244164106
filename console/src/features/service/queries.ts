import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, data, dryRun, ifMatch, type Schemas, type Service, serviceQuery, watch } from '@/api';

export type ServiceChange = Schemas['ServiceChange'];

const SUMMARY_EVERY_MS = 10_000;
const LAST_EVENTS = 6;

export const summaryQuery = (service: string) =>
  queryOptions({
    queryKey: ['service summary', service],
    queryFn: async ({ signal }) => {
      const params = { query: { name: [service] } };
      const answer = await data(api.GET('/api/v1/service-summaries', { params, signal }));
      return answer.items[0] ?? null;
    },
    refetchInterval: SUMMARY_EVERY_MS,
  });

export const lastEventsQuery = (service: string) =>
  queryOptions({
    queryKey: ['last events', service],
    queryFn: async ({ signal }) => {
      const params = { path: { service }, query: { page_size: LAST_EVENTS } };
      return (await data(api.GET('/api/v1/services/{service}/events', { params, signal }))).items;
    },
    refetchInterval: 5_000,
    meta: watch(['service', 'version', 'pods', 'traffic'], service),
  });

export type Verb = 'start' | 'stop' | 'restart';

const PATHS = {
  start: '/api/v1/services/{service}/start',
  stop: '/api/v1/services/{service}/stop',
  restart: '/api/v1/services/{service}/restart',
} as const;

/** Starts, stops or restarts every version of a service; the answer is what the page shows next. */
export function useOperate(service: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (verb: Verb) => data(api.POST(PATHS[verb], { params: { path: { service } } })),
    onSuccess: (now) => queries.setQueryData(serviceQuery(service).queryKey, now),
  });
}

export function useDeleteService(service: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (purgeTables: boolean) =>
      data(
        api.DELETE('/api/v1/services/{service}', {
          params: { path: { service }, query: { purge_tables: purgeTables } },
        }),
      ),
    onSuccess: () => {
      queries.removeQueries({ queryKey: serviceQuery(service).queryKey });
      return queries.invalidateQueries({ queryKey: ['services'] });
    },
  });
}

export const readService = (service: string): Promise<Service> =>
  data(api.GET('/api/v1/services/{service}', { params: { path: { service } } }));

export const previewChange = (service: string, change: Partial<ServiceChange>, revision: number) =>
  dryRun('PATCH', `/services/${service}`, change, revision);

export const changeService = (service: string, change: Partial<ServiceChange>, revision: number) =>
  data(
    api.PATCH('/api/v1/services/{service}', {
      params: { path: { service }, header: ifMatch(revision) },
      body: change,
    }),
  );
