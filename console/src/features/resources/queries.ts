import { queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas, useWrite, watch } from '@/api';

export type Spec = Schemas['SpecView'];
export type NewSpec = Schemas['NewSpec'];
export type Group = Schemas['GroupView'];
export type NewGroup = Schemas['NewGroup'];
export type Node = Schemas['NodeView'];
export type NewNode = Schemas['NewNode'];
export type Pool = Schemas['PoolView'];
export type Backend = Schemas['BackendView'];
export type Capacity = Schemas['Capacity'];

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

/** A write that changes specs, groups or nodes: all of the page's reads are made anew. */
export const useResourceWrite = <T, R>(write: (values: T) => Promise<R>) => useWrite('resources', write);

export const createSpec = (body: NewSpec) => data(api.POST('/api/v1/resource-specs', { body }));
export const changeSpec = (spec: Spec, body: Schemas['SpecChange']) =>
  data(api.PATCH('/api/v1/resource-specs/{spec}', { params: { path: { spec: spec.name } }, body }));
export const deleteSpec = (spec: string) =>
  data(api.DELETE('/api/v1/resource-specs/{spec}', { params: { path: { spec } } }));

export const createGroup = (body: NewGroup) => data(api.POST('/api/v1/resource-groups', { body }));
export const changeGroup = (group: string, body: Schemas['GroupChange']) =>
  data(api.PATCH('/api/v1/resource-groups/{group}', { params: { path: { group } }, body }));
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
