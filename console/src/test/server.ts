import { vi } from 'vitest';

/** One answer of the control plane: a body with status 200, or `refusal(…)`. */
type Answer = unknown | Response | ((request: Request) => unknown | Promise<unknown>);

/** What pages asked for, in order. */
export interface Requests {
  readonly seen: { method: string; path: string; query: URLSearchParams; body: unknown }[];
}

/**
 * Answers for `fetch`, by method and path: `serve({ 'GET /services': { items: [] } })`, below `/api/v1`; `*` stands for
 * one part of a path. Anything else is 404, as the control plane has it.
 */
export function serve(answers: Record<string, Answer>): Requests {
  const requests: Requests = { seen: [] };
  vi.stubGlobal('fetch', async (input: Request) => {
    const url = new URL(input.url);
    const path = url.pathname.replace(/^.*\/api\/v1/, '');
    const text = await input.clone().text();
    requests.seen.push({
      method: input.method,
      path,
      query: url.searchParams,
      body: text === '' ? null : JSON.parse(text),
    });
    const found = Object.entries(answers).find(([route]) => matches(route, input.method, path));
    if (found === undefined) return refusal(404, `There is no ${path}`);
    const answer = typeof found[1] === 'function' ? await found[1](input) : found[1];
    return answer instanceof Response ? answer : Response.json(answer ?? null);
  });
  return requests;
}

function matches(route: string, method: string, path: string): boolean {
  const pattern = route.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]+');
  return new RegExp(`^${pattern}$`).test(`${method} ${path}`);
}

/** An error as the control plane answers it. */
export function refusal(
  status: number,
  message: string,
  details: { loc: (string | number)[]; msg: string }[] = [],
): Response {
  return Response.json({ error_code: 'CODE', message, request_id: 'request-1', details }, { status });
}
