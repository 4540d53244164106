import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { watch } from './changes';
import { api, BASE, call, data, queryString, type Schemas } from './client';

export type Service = Schemas['ServiceView'];
export type Version = Schemas['VersionView'];

/** A service with all of its versions: what the frame around its pages and most of them show. */
export const serviceQuery = (service: string) =>
  queryOptions({
    queryKey: ['service', service],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/services/{service}', { params: { path: { service } }, signal })),
    enabled: service !== '',
    meta: watch(['service', 'version', 'pods', 'traffic'], service),
  });

/** The newest events of a service and what it consists of; what the monitor notes afterwards is told by nobody. */
export const lastEventsQuery = (service: string, most: number) =>
  queryOptions({
    queryKey: ['last events', service, most],
    queryFn: async ({ signal }) => {
      const params = { path: { service }, query: { page_size: most } };
      return (await data(api.GET('/api/v1/services/{service}/events', { params, signal }))).items;
    },
    refetchInterval: EVENTS_MS,
    meta: watch(['service', 'version', 'pods', 'traffic'], service),
  });

const EVENTS_MS = 5_000;

export type Verb = 'start' | 'stop' | 'restart';

/** Starts, stops or restarts every version of a service; the answer is what its pages show next. */
export function useOperateService(service: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (verb: Verb) =>
      data(api.POST(`/api/v1/services/{service}/${verb}`, { params: { path: { service } } })),
    onSuccess: (now) => queries.setQueryData(serviceQuery(service).queryKey, now),
    onSettled: () => queries.invalidateQueries({ queryKey: ['services'] }),
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

/** One field, named as in the API (`model_source.version`), before and after; null where it is not set. */
export type FieldChange = Schemas['FieldChangeView'];

/** What a dry run of an update says; `effective_weights` of a split alone. */
export type UpdatePreview = Schemas['UpdatePreview'];

/** The header that makes a write fail with 412 where somebody else has changed the same thing since. */
export const ifMatch = (revision: number) => ({ 'if-match': `"${revision}"` });

/** The same write with `?dry_run=true`: refused in the same way, and nothing is stored. */
export function dryRun(
  method: 'PATCH' | 'PUT',
  path: string,
  body: unknown,
  revision: number | null,
  signal?: AbortSignal,
): Promise<UpdatePreview> {
  return call<UpdatePreview>(method, path, {
    query: { dry_run: true },
    body,
    ...(revision === null ? {} : { headers: { 'If-Match': `"${revision}"` } }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Versions that have pods, or are to have some: those that a split may give a share to. */
export function activeVersions(service: Service): Version[] {
  return service.versions.filter((version) => ACTIVE.has(version.status));
}

const ACTIVE = new Set<Version['status']>(['starting', 'running', 'updating', 'degraded']);

/** Versions of which nothing runs: they may be started or deleted. */
export function isAtRest(version: Version): boolean {
  return version.status === 'draft' || version.status === 'stopped' || version.status === 'failed';
}

/** The service as it is now, past the cache: to compare with what a form began with. */
export const readServiceNow = (service: string): Promise<Service> =>
  data(api.GET('/api/v1/services/{service}', { params: { path: { service } } }));

/** Where the report of a rule's window is: a page of its own, in the language of who reads it. */
export function reportAddress(service: string, monitor: string, end: string, language: string): string {
  const path = [service, 'monitors', monitor].map(encodeURIComponent).join('/');
  return `${BASE}/api/v1/services/${path}/windows/report${queryString({ end: atSecond(end), language })}`;
}

const atSecond = (moment: string) => new Date(moment).toISOString().replace(/\.\d+Z$/, 'Z');
