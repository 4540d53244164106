import { queryOptions } from '@tanstack/react-query';
import { api, call, data, type Schemas, watch } from '@/api';

/** Where the time went; null where it is not known. */
export interface Timings {
  readonly total_ms: number | null;
  readonly router_ms: number | null;
  readonly queue_ms: number | null;
  readonly predict_ms: number | null;
}

/** What a debug request brought. */
export type Answer = Schemas['DebugView'] & { readonly timings?: Timings | null };

export interface DebugCall {
  readonly version: string;
  readonly request: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: boolean;
}

export function serviceQuery(service: string) {
  return queryOptions({
    queryKey: ['debug', 'service', service],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/services/{service}', { params: { path: { service } }, signal })),
    meta: watch(['service', 'version', 'traffic'], service),
  });
}

export function sendDebug(service: string, { version, request, headers, log }: DebugCall): Promise<Answer> {
  return call<Answer>('POST', `/services/${encodeURIComponent(service)}/debug`, {
    body: { version, request, headers, log },
  });
}

/** The body of a request that is in the inference table. */
export function pastRequestQuery(service: string, request: string) {
  return queryOptions({
    queryKey: ['debug', 'request', service, request],
    queryFn: async ({ signal }) => {
      const path = `/services/${encodeURIComponent(service)}/requests/${encodeURIComponent(request)}`;
      const { payload } = await call<{ payload: Record<string, unknown> }>('GET', path, { signal });
      return typeof payload.request === 'string' ? payload.request : JSON.stringify(payload.request ?? {});
    },
    enabled: request !== '',
    staleTime: Number.POSITIVE_INFINITY,
  });
}
