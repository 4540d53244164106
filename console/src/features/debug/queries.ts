import { queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas } from '@/api';

/** What a debug request brought. */
export type Answer = Schemas['DebugView'];

export interface DebugCall {
  readonly version: string;
  readonly request: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: boolean;
}

export function sendDebug(service: string, { version, request, headers, log }: DebugCall): Promise<Answer> {
  return data(
    api.POST('/api/v1/services/{service}/debug', {
      params: { path: { service } },
      body: { version, request, headers, log },
    }),
  );
}

/** The body of a request that is in the inference table. */
export function pastRequestQuery(service: string, request: string) {
  return queryOptions({
    queryKey: ['debug', 'request', service, request],
    queryFn: async ({ signal }) => {
      const path = { service, request_id: request };
      const { payload } = await data(
        api.GET('/api/v1/services/{service}/requests/{request_id}', { params: { path }, signal }),
      );
      return typeof payload.request === 'string' ? payload.request : JSON.stringify(payload.request ?? {});
    },
    enabled: request !== '',
    staleTime: Number.POSITIVE_INFINITY,
  });
}
