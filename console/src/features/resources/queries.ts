import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, data, readAll, watch } from '@/api';
import type { components } from '@/api/schema';

export type Spec = components['schemas']['SpecView'];
export type NewSpec = components['schemas']['NewSpec'];
export type Group = components['schemas']['GroupView'];
export type NewGroup = components['schemas']['NewGroup'];
export type Node = components['schemas']['NodeView'];
export type NewNode = components['schemas']['NewNode'];
export type Pool = components['schemas']['PoolView'];
export type Capacity = components['schemas']['Capacity'];

export const specsQuery = queryOptions({
  queryKey: ['resources', 'specs'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/resource-specs', { signal }))).items,
  meta: watch(['spec']),
});

export const groupsQuery = queryOptions({
  queryKey: ['resources', 'groups'],
  queryFn: ({ signal }) =>
    readAll<Group>((cursor) =>
      data(
        api.GET('/api/v1/resource-groups', {
          params: { query: { page_size: 100, cursor: cursor ?? null } },
          signal,
        }),
      ),
    ),
  meta: watch(['group', 'node']),
});

export const groupQuery = (group: string) =>
  queryOptions({
    queryKey: ['resources', 'group', group],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/resource-groups/{group}', { params: { path: { group } }, signal })),
    meta: watch(['group', 'node']),
  });

export const nodesQuery = (group: string) =>
  queryOptions({
    queryKey: ['resources', 'nodes', group],
    queryFn: async ({ signal }) =>
      (await data(api.GET('/api/v1/resource-groups/{group}/nodes', { params: { path: { group } }, signal })))
        .items,
    meta: watch(['node', 'group', 'pods']),
  });

export const capacityQuery = queryOptions({
  queryKey: ['resources', 'capacity'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/capacity', { signal }))).pools,
  meta: watch(['pods', 'node', 'group', 'version']),
});

/** A write that changes specs, groups or nodes: all of the page's reads are made anew. */
export function useResourceWrite<T>(write: (values: T) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSettled: () => queries.invalidateQueries({ queryKey: ['resources'] }),
  });
}

export const createSpec = (body: NewSpec) => data(api.POST('/api/v1/resource-specs', { body }));
export const changeSpec = (spec: Spec, body: components['schemas']['SpecChange']) =>
  data(api.PATCH('/api/v1/resource-specs/{spec}', { params: { path: { spec: spec.name } }, body }));
export const deleteSpec = (spec: string) =>
  data(api.DELETE('/api/v1/resource-specs/{spec}', { params: { path: { spec } } }));

export const createGroup = (body: NewGroup) => data(api.POST('/api/v1/resource-groups', { body }));
export const deleteGroup = (group: string) =>
  data(api.DELETE('/api/v1/resource-groups/{group}', { params: { path: { group } } }));
export const addProject = (group: string, project: string) =>
  data(
    api.PUT('/api/v1/resource-groups/{group}/projects/{project}', { params: { path: { group, project } } }),
  );
export const removeProject = (group: string, project: string) =>
  data(
    api.DELETE('/api/v1/resource-groups/{group}/projects/{project}', {
      params: { path: { group, project } },
    }),
  );

const at = (node: Node) => ({ params: { path: { group: node.group, node: node.name } } });
const NODE = '/api/v1/resource-groups/{group}/nodes/{node}';

export const addNode = (group: string, body: NewNode) =>
  data(api.POST('/api/v1/resource-groups/{group}/nodes', { params: { path: { group } }, body }));
export const isolate = (node: Node) => data(api.POST(`${NODE}/isolate`, at(node)));
export const resume = (node: Node) => data(api.POST(`${NODE}/resume`, at(node)));
export const drain = (node: Node) => data(api.POST(`${NODE}/drain`, at(node)));
export const release = (node: Node) => data(api.POST(`${NODE}/release`, at(node)));
export const renew = (node: Node, expiresAt: string | null) =>
  data(api.POST(`${NODE}/renew`, { ...at(node), body: { expires_at: expiresAt } }));
export const move = (node: Node, group: string) =>
  data(api.POST(`${NODE}/move`, { ...at(node), body: { group } }));
