import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, BASE, data, queryString, type Schemas, watch } from '@/api';
import { isoRange, type Range, resolveRange } from '@/components/time/timeRange';

export type Table = Schemas['TableView'];
export type TableDetails = Schemas['TableDetails'];
export type Column = Schemas['TableColumn'];
export type ColumnStatistics = Schemas['ColumnStatistics'];
export type TableStatistics = Schemas['TableStatistics'];
export type Row = Readonly<Record<string, unknown>>;

const REFRESH_MS = 10_000;
const PAGE_SIZE = 50;

/** The tables of a service, whatever their kind. */
export const tablesQuery = (service: string) =>
  queryOptions({
    queryKey: ['tables', service, 'list'],
    queryFn: async ({ signal }) =>
      (await data(api.GET('/api/v1/inference-tables', { params: { query: { service } }, signal }))).items,
    refetchInterval: REFRESH_MS,
    meta: watch(['version'], service),
  });

export const tableQuery = (table: Table) =>
  queryOptions({
    queryKey: ['tables', table.service, 'details', table.kind],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/inference-tables/{table}', { params: { path: { table: table.name } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    enabled: table.status !== 'missing',
  });

/** Which rows of a table: what its pages, statistics and files have in common. */
export interface Selection {
  readonly table: string;
  readonly where: string;
  readonly range: Range;
  readonly columns: readonly string[];
}

export interface PageOf extends Selection {
  readonly order: string;
  /** '' on the first page. */
  readonly cursor: string;
  /** When the first page was read: a span of the pages after it still ends then. */
  readonly at: string;
}

/** What the API takes; a span ends at `now`. */
export function parameters({ where, range, columns }: Omit<Selection, 'table'>, now: number) {
  const { from, to } = isoRange(resolveRange(range, now));
  return {
    from,
    to: 'span' in range ? null : to,
    where: where || null,
    columns: [...columns],
  };
}

/** A page of rows with the moment that its cursor belongs to; the first one of a span follows the table. */
export const rowsQuery = (wanted: PageOf) =>
  queryOptions({
    queryKey: ['table rows', wanted],
    queryFn: async ({ signal }) => {
      const at = wanted.at || new Date().toISOString();
      const page = { page_size: PAGE_SIZE, order: wanted.order || null, cursor: wanted.cursor || null };
      const query = { ...parameters(wanted, Date.parse(at)), ...page };
      const params = { path: { table: wanted.table }, query };
      return { ...(await data(api.GET('/api/v1/inference-tables/{table}/rows', { params, signal }))), at };
    },
    placeholderData: keepPreviousData,
    retry: false,
    refetchInterval: ({ state }) =>
      'span' in wanted.range && wanted.cursor === '' && wanted.where === '' && state.error === null
        ? REFRESH_MS
        : false,
  });

export const statisticsQuery = (wanted: Selection) =>
  queryOptions({
    queryKey: ['table statistics', wanted],
    queryFn: ({ signal }) => {
      const params = { path: { table: wanted.table }, query: parameters(wanted, Date.now()) };
      return data(api.GET('/api/v1/inference-tables/{table}/statistics', { params, signal }));
    },
    placeholderData: keepPreviousData,
    retry: false,
  });

/** Where the selected rows are as a file. */
export function fileAddress(wanted: Selection, format: 'csv' | 'parquet', now: number): string {
  const query = queryString({ ...parameters(wanted, now), format });
  return `${BASE}/api/v1/inference-tables/${encodeURIComponent(wanted.table)}/download${query}`;
}
