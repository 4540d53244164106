import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, data, ifMatch, type Schemas, useWrite, watch } from '@/api';

export type Trigger = Schemas['TriggerView'];
export type NewTrigger = Schemas['NewTrigger'];
export type Definition = Schemas['TriggerDefinition'];
export type Retraining = Schemas['RetrainingView'];
export type RunState = Retraining['state'];

/** Runs go on elsewhere, which nobody tells. */
const REFRESH_MS = 5_000;
const PAGE = 50;

const of = (service: string) => ({ path: { service } });

export const triggersQuery = (service: string) =>
  queryOptions({
    queryKey: ['retraining', service, 'triggers'],
    queryFn: async ({ signal }) => {
      const params = of(service);
      return (await data(api.GET('/api/v1/services/{service}/retraining-triggers', { params, signal })))
        .items;
    },
    meta: watch(['retraining_trigger', 'service'], service),
  });

export const runsQuery = (service: string, trigger: string) =>
  infiniteQueryOptions({
    queryKey: ['retraining', service, 'runs', trigger],
    queryFn: ({ pageParam, signal }) => {
      const query = { page_size: PAGE, cursor: pageParam, trigger: trigger || null };
      return data(
        api.GET('/api/v1/services/{service}/retrainings', { params: { ...of(service), query }, signal }),
      );
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    refetchInterval: REFRESH_MS,
    meta: watch(['retraining', 'version'], service),
  });

export const useRetrainingWrite = <T, R>(write: (values: T) => Promise<R>) => useWrite('retraining', write);

export const createTrigger = (service: string, body: NewTrigger) =>
  data(api.POST('/api/v1/services/{service}/retraining-triggers', { params: of(service), body }));
export const replaceTrigger = ({ service, name, revision }: Trigger, body: Definition) =>
  data(
    api.PUT('/api/v1/services/{service}/retraining-triggers/{trigger}', {
      params: { path: { service, trigger: name }, header: ifMatch(revision) },
      body,
    }),
  );
export const readTrigger = ({ service, name }: Trigger) =>
  data(
    api.GET('/api/v1/services/{service}/retraining-triggers/{trigger}', {
      params: { path: { service, trigger: name } },
    }),
  );
export const deleteTrigger = ({ service, name }: Trigger) =>
  data(
    api.DELETE('/api/v1/services/{service}/retraining-triggers/{trigger}', {
      params: { path: { service, trigger: name } },
    }),
  );
export const startRetraining = (service: string, body: Schemas['NewRetraining']) =>
  data(api.POST('/api/v1/services/{service}/retrainings', { params: of(service), body }));
export const cancelRetraining = ({ service, id }: Retraining) =>
  data(
    api.POST('/api/v1/services/{service}/retrainings/{retraining}/cancel', {
      params: { path: { service, retraining: id } },
    }),
  );
