import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, data, watch } from '@/api';
import { type Draft, furtherVersionBody, serviceBody } from './draft';

const STALE_MS = 60_000;

export const specsQuery = queryOptions({
  queryKey: ['publish', 'resource specs'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/resource-specs', { signal }))).items,
  meta: watch(['spec']),
  staleTime: STALE_MS,
});

export function groupsQuery(project: string) {
  return queryOptions({
    queryKey: ['publish', 'resource groups', project],
    queryFn: async ({ signal }) => {
      const answer = api.GET('/api/v1/resource-groups', { params: { query: { project } }, signal });
      return (await data(answer)).items;
    },
    enabled: project !== '',
    meta: watch(['group', 'project']),
  });
}

export const capacityQuery = queryOptions({
  queryKey: ['publish', 'capacity'],
  queryFn: ({ signal }) => data(api.GET('/api/v1/capacity', { signal })),
  meta: watch(['pods', 'node', 'group']),
});

export const projectsQuery = queryOptions({
  queryKey: ['publish', 'projects'],
  queryFn: async ({ signal }) =>
    (await data(api.GET('/api/v1/projects', { params: { query: { page_size: 1000 } }, signal }))).items,
  meta: watch(['project', 'member']),
});

/** The service to which a version is added; its project decides on groups and secrets. */
export function serviceQuery(service: string) {
  return queryOptions({
    queryKey: ['publish', 'service', service],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/services/{service}', { params: { path: { service } }, signal })),
    enabled: service !== '',
    meta: watch(['service', 'version'], service),
  });
}

/** Whether a service of this name is there, also one that the caller may not see. */
export async function isNameTaken(service: string): Promise<boolean> {
  const query = { search: service, page_size: 100 };
  const found = await data(api.GET('/api/v1/services', { params: { query } }));
  return found.items.some((one) => one.name === service);
}

/** Makes the service, or a further version of `service`; gives where to look next. */
export function usePublish(service: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ draft, start }: { draft: Draft; start: boolean }) => {
      if (service === '') {
        const made = await data(api.POST('/api/v1/services', { body: serviceBody(draft, start) }));
        return { service: made.name, version: made.versions[0]?.name };
      }
      const made = await data(
        api.POST('/api/v1/services/{service}/versions', {
          params: { path: { service } },
          body: furtherVersionBody(draft, start),
        }),
      );
      return { service, version: made.name };
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ['services'] }),
  });
}
