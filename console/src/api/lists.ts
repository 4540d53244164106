import { queryOptions } from '@tanstack/react-query';
import { watch } from './changes';
import { api, data, type Schemas } from './client';
import { readAll } from './pages';

/** Projects that the user may see. */
export const projectsQuery = queryOptions({
  queryKey: ['people', 'projects'],
  queryFn: ({ signal }) =>
    readAll((page) => api.GET('/api/v1/projects', { params: { query: page }, signal })),
  meta: watch(['project', 'member']),
});

/** Secrets that the user may see. */
export const secretsQuery = queryOptions({
  queryKey: ['people', 'secrets'],
  queryFn: ({ signal }) => readAll((page) => api.GET('/api/v1/secrets', { params: { query: page }, signal })),
  meta: watch(['secret']),
});

/** Those of one kind. */
export const secretsOfKind = (kind: Schemas['SecretView']['kind']) =>
  queryOptions({ ...secretsQuery, select: (all) => all.filter((secret) => secret.kind === kind) });

/** Sizes that pods can have. */
export const specsQuery = queryOptions({
  queryKey: ['resources', 'specs'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/resource-specs', { signal }))).items,
  meta: watch(['spec']),
});

/** Resource groups that the user may see; of one project: those that its services may run on. */
export const groupsQuery = (project: string | null = null) =>
  queryOptions({
    queryKey: ['resources', 'groups', project],
    queryFn: ({ signal }) =>
      readAll((page) =>
        api.GET('/api/v1/resource-groups', { params: { query: { ...page, project } }, signal }),
      ),
    enabled: project !== '',
    meta: watch(['group', 'node', 'project']),
  });

/** What the shared pool and the nodes of groups have room for. */
export const capacityQuery = queryOptions({
  queryKey: ['resources', 'capacity'],
  queryFn: ({ signal }) => data(api.GET('/api/v1/capacity', { signal })),
  select: (found) => found.pools,
  meta: watch(['pods', 'node', 'group', 'version']),
});

/** What runs pods, the default first. */
export const backendsQuery = queryOptions({ ...capacityQuery, select: (found) => found.backends });
