import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, data, readAll, type Schemas, useWrite, watch } from '@/api';

export type Project = Schemas['ProjectView'];
export type Member = Schemas['MemberView'];
export type Role = Schemas['Role'];
export type User = Schemas['UserView'];
export type NewUser = Schemas['NewUser'];
export type Token = Schemas['TokenView'];
export type IssuedToken = Schemas['IssuedTokenView'];
export type Secret = Schemas['SecretView'];
export type AuditEntry = Schemas['AuditView'];

export const ROLES: readonly Role[] = ['viewer', 'editor', 'admin'];

export const projectQuery = (project: string) =>
  queryOptions({
    queryKey: ['people', 'project', project],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/projects/{project}', { params: { path: { project } }, signal })),
    meta: watch(['project']),
  });

export const membersQuery = (project: string) =>
  queryOptions({
    queryKey: ['people', 'members', project],
    queryFn: async ({ signal }) =>
      (await data(api.GET('/api/v1/projects/{project}/members', { params: { path: { project } }, signal })))
        .items,
    meta: watch(['member', 'user']),
  });

export const usersQuery = queryOptions({
  queryKey: ['people', 'users'],
  queryFn: ({ signal }) => readAll((page) => api.GET('/api/v1/users', { params: { query: page }, signal })),
  meta: watch(['user', 'member']),
});

export const tokensQuery = queryOptions({
  queryKey: ['people', 'tokens'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/tokens', { signal }))).items,
  meta: watch(['token']),
});

export interface AuditFilter {
  readonly actor: string;
  readonly kind: string;
  readonly name: string;
}

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['people', 'audit', filter],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      data(
        api.GET('/api/v1/audit', {
          params: {
            query: {
              cursor: pageParam,
              page_size: 50,
              actor: filter.actor || null,
              resource_kind: filter.kind || null,
              resource_name: filter.name || null,
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

/** A write about people: what these pages have read is read anew. */
export const usePeopleWrite = <T, R>(write: (values: T) => Promise<R>) => useWrite('people', write);

export const createProject = (body: Schemas['NewProject']) => data(api.POST('/api/v1/projects', { body }));
export const deleteProject = (project: string) =>
  data(api.DELETE('/api/v1/projects/{project}', { params: { path: { project } } }));
export const setMember = (project: string, user: string, role: Role) =>
  data(
    api.PUT('/api/v1/projects/{project}/members/{user}', {
      params: { path: { project, user } },
      body: { role },
    }),
  );
export const removeMember = (project: string, user: string) =>
  data(api.DELETE('/api/v1/projects/{project}/members/{user}', { params: { path: { project, user } } }));
export const createUser = (body: NewUser) => data(api.POST('/api/v1/users', { body }));
export const changeUser = (user: string, body: Schemas['UserChange']) =>
  data(api.PATCH('/api/v1/users/{user}', { params: { path: { user } }, body }));
export const deleteUser = (user: string) =>
  data(api.DELETE('/api/v1/users/{user}', { params: { path: { user } } }));
export const createToken = (body: Schemas['NewToken']) => data(api.POST('/api/v1/tokens', { body }));
export const revokeToken = (token: string) =>
  data(api.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id: token } } }));
export const deleteSecret = (secret: string) =>
  data(api.DELETE('/api/v1/secrets/{secret}', { params: { path: { secret } } }));
