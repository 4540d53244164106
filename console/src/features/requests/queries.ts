import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ApiError, api, data, type Schemas } from '@/api';

export type Table = Schemas['TableView'];

/** A row of the payload table. */
export type PayloadRow = Readonly<Record<string, unknown>>;

/** A request whole: its row, and what was printed for it. */
export type WholeRequest = Schemas['RequestView'];

const REFRESH_MS = 5_000;

/** The payload table of a service; null where it has none. */
export const payloadTableQuery = (service: string) =>
  queryOptions({
    queryKey: ['payload table', service],
    queryFn: async ({ signal }) => {
      const { items } = await data(api.GET('/api/v1/inference-tables', { signal }));
      return items.find((table) => table.service === service && table.kind === 'payload') ?? null;
    },
    refetchInterval: REFRESH_MS,
  });

export interface RowsFilter {
  readonly requestId: string;
  readonly clientRequestId: string;
}

export const rowsQuery = (service: string, filter: RowsFilter) =>
  queryOptions({
    queryKey: ['payload rows', service, filter],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/inference-tables/{table}/rows', {
          params: {
            path: { table: `${service}.payload` },
            query: {
              page_size: 100,
              request_id: filter.requestId || null,
              client_request_id: filter.clientRequestId || null,
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });

const NOT_YET_MS = 2_000;

export const requestQuery = (service: string, request: string) =>
  queryOptions({
    queryKey: ['request', service, request],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/services/{service}/requests/{request_id}', {
          params: { path: { service, request_id: request } },
          signal,
        }),
      ),
    retry: false,
    // A request becomes a row some seconds after its answer: it is asked for until then.
    refetchInterval: (query) =>
      query.state.error instanceof ApiError && query.state.error.status === 404 ? NOT_YET_MS : false,
  });

/** A value of a row as text. */
export function cell(row: PayloadRow, column: string): string {
  const value = row[column];
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** JSON with line breaks; anything else as it is. */
export function pretty(body: unknown): string | null {
  if (typeof body !== 'string') return null;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
