import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, data, fetchApi, queryString, type Schemas } from '@/api';
import { isoRange, type Range } from '@/components/time/timeRange';
import { gridOf } from '../accounting/account';
import { arrivals } from './upload';

export type Coverage = Schemas['LabelCoverage'];
export type Receipt = Schemas['LabelReceipt'];

const REFRESH_MS = 10_000;
/** Labels of which the last uploads are made. */
const READ = 1_000;

/** How much of what was predicted has a label, with the grid that the steps lie on. */
export const coverageQuery = (service: string, range: Range) =>
  queryOptions({
    queryKey: ['labels', service, 'coverage', range],
    queryFn: async ({ signal }) => {
      const grid = gridOf(range, Date.now());
      const query = { ...isoRange(grid), step: grid.stepS };
      const params = { path: { service }, query };
      const coverage = await data(api.GET('/api/v1/services/{service}/labels/coverage', { params, signal }));
      return { grid, coverage };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 'span' in range ? REFRESH_MS : false,
  });

/** The newest uploads, out of the labels table; none while there is no such table. */
export const arrivalsQuery = (service: string) =>
  queryOptions({
    queryKey: ['labels', service, 'arrivals'],
    queryFn: async ({ signal }) => {
      const listed = api.GET('/api/v1/inference-tables', { params: { query: { service } }, signal });
      const table = (await data(listed)).items.find(({ kind }) => kind === 'labels');
      if (table === undefined || table.status === 'missing') return [];
      const query = { columns: ['received_at', 'source'], order: '-received_at', page_size: READ };
      const params = { path: { table: table.name }, query };
      const page = await data(api.GET('/api/v1/inference-tables/{table}/rows', { params, signal }));
      return arrivals(page.items, page.next_cursor != null);
    },
    refetchInterval: REFRESH_MS,
  });

export interface Upload {
  readonly file: File;
  readonly type: string;
  readonly key: string;
  readonly name: string;
}

/** Sends a file as it is: the browser reads it while it goes. */
export async function sendLabels(service: string, { file, type, key, name }: Upload): Promise<Receipt> {
  const path = `/api/v1/services/${encodeURIComponent(service)}/labels${queryString({ key })}`;
  const headers = { 'Content-Type': type, 'Idempotency-Key': name };
  return (await fetchApi(path, { method: 'POST', headers, body: file })).json();
}
