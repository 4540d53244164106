import createClient from 'openapi-fetch';
import { ApiError, errorOf } from './errors';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** Where the control plane is: beside the page, also below a path prefix. No slash at the end. */
export const BASE = new URL('.', document.baseURI).href.replace(/\/$/, '');

type Listener = () => void;

const session = { csrfToken: null as string | null, ended: new Set<Listener>() };

/** The session's own token, which every write carries; it lives in memory alone. */
export function setCsrfToken(token: string | null): void {
  session.csrfToken = token;
}

/** Calls `listener` whenever an answer says that nobody is signed in; returns what stops it. */
export function onSessionEnded(listener: Listener): () => void {
  session.ended.add(listener);
  return () => session.ended.delete(listener);
}

/** `fetch` below the page's base, with the session's token; anything but a success is thrown as `ApiError`. */
export async function fetchApi(input: string | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(typeof input === 'string' ? BASE + input : input, init);
  if (request.method !== 'GET' && session.csrfToken !== null) {
    request.headers.set('X-Penstock-Session', session.csrfToken);
  }
  return checked(await reach(request));
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (thrown) {
    if (thrown instanceof TypeError) throw new ApiError('', 0, 'AWAY');
    throw thrown;
  }
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.status === 401) for (const listener of session.ended) listener();
  throw error;
}

/** The typed client: `data(api.GET('/api/v1/services', { params: { query } }))`. */
export const api = createClient<paths>({ baseUrl: BASE, fetch: fetchApi });

/** The body of a successful answer; errors were thrown before. */
export async function data<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

type Query = Record<string, string | number | boolean | null | undefined | readonly string[]>;

/** A call whose route is not in the OpenAPI document; prefer `api`. `path` starts behind `/api/v1`. */
export async function call<T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  options: { query?: Query; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<T> {
  const response = await fetchApi(`/api/v1${path}${queryString(options.query ?? {})}`, {
    method,
    headers: {
      ...(options.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...options.headers,
    },
    body: options.body === undefined ? null : JSON.stringify(options.body),
    signal: options.signal ?? null,
  });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** `?a=1&b=2`, or nothing; a list repeats its name. */
export function queryString(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
