import { type QueryClient, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { api, call, data, onSessionEnded, type Schemas, setCsrfToken } from './client';
import { ApiError } from './errors';

export type Role = Schemas['Role'];

/** Who is signed in, and what they may do. */
export type Session = Schemas['SessionView'];

/** The session, or null where nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: readSession,
  staleTime: 60_000,
  retry: false,
});

export const sessionOptionsQuery = queryOptions({
  queryKey: ['session options'],
  queryFn: readOptions,
  staleTime: Number.POSITIVE_INFINITY,
});

function readOptions() {
  return data(api.GET('/api/v1/session/options'));
}

function wasSignedIn(client: QueryClient): boolean {
  return Boolean(client.getQueryData(sessionQuery.queryKey));
}

/** For `npm run dev`, which sends the administrator's token with every call. */
const DEVELOPER: Session = {
  user: 'admin',
  is_admin: true,
  roles: { default: 'admin' },
  csrf_token: '',
  expires_at: '9999-12-31T00:00:00Z',
  version: 'dev',
  public_url: 'http://127.0.0.1:8080',
  mlflow_url: 'http://127.0.0.1:5000',
};

async function readSession({ client }: { client: QueryClient }): Promise<Session | null> {
  if (import.meta.env.VITE_DEVELOPER === 'true') return DEVELOPER;
  try {
    // Asked first, as an answer of 401 is an error in the browser's own console.
    if (!wasSignedIn(client) && !(await readOptions()).is_signed_in) return keepToken(null);
    return keepToken(await data(api.GET('/api/v1/session')));
  } catch (thrown) {
    // Where somebody was signed in before, the pages stay: see `useIsSessionEnded`.
    if (thrown instanceof ApiError && thrown.status === 401 && !wasSignedIn(client)) return keepToken(null);
    throw thrown;
  }
}

function keepToken<T extends Session | null>(session: T): T {
  setCsrfToken(session?.csrf_token ?? null);
  return session;
}

/** The session of a signed-in page; only pages behind the sign-in call it. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new ApiError('', 401, 'UNAUTHENTICATED');
  return data;
}

/** Whether the signed-in user may do what needs `role` in `project` (administrators may do everything). */
export function useMay(): (role: Role, project: string) => boolean {
  const session = useSession();
  return (role, project) => isAllowed(session, role, project);
}

const RANK: Record<Role, number> = { viewer: 1, editor: 2, admin: 3 };

export function isAllowed(session: Session, role: Role, project: string): boolean {
  const own = session.roles[project];
  return session.is_admin || (own !== undefined && RANK[own] >= RANK[role]);
}

/** Projects in which the user is at least an editor. */
export function editableProjects(session: Session): string[] {
  return Object.keys(session.roles).filter((project) => isAllowed(session, 'editor', project));
}

/** Whether the session ended while its pages were open: they stay as they are, under a dialog to sign in again. */
const ended = { is: false, listeners: new Set<() => void>() };

function setEnded(is: boolean): void {
  if (ended.is === is) return;
  ended.is = is;
  for (const listener of ended.listeners) listener();
}

onSessionEnded(() => setEnded(true));

export function useIsSessionEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      ended.listeners.add(listener);
      return () => ended.listeners.delete(listener);
    },
    () => ended.is,
  );
}

/** Signs in; where a session ended under open pages, everything is read again and what was typed stays. */
export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (credential: { token: string } | { link: string }) =>
      call<Session>('POST', '/session', { body: credential }),
    onSuccess: (session) => {
      const before = queries.getQueryData(sessionQuery.queryKey);
      queries.setQueryData(sessionQuery.queryKey, keepToken(session));
      setEnded(false);
      if (before && before.user !== session.user) window.location.reload();
      else void queries.invalidateQueries();
    },
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ everywhere }: { everywhere: boolean }) =>
      call<void>('DELETE', '/session', everywhere ? { query: { everywhere } } : {}),
    onSettled: () => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, keepToken(null));
      setEnded(false);
    },
  });
}
