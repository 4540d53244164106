import { queryOptions } from '@tanstack/react-query';
import { api, BASE, data, queryString, readAll } from '@/api';
import type { components } from '@/api/schema';

type UsagePage = components['schemas']['Page_UsageView_'];
export type Usage = components['schemas']['UsageView'];

export const GROUPS = ['service', 'version', 'project', 'pod'] as const;
export const GRAINS = ['total', 'month', 'day'] as const;

export interface UsageFilter {
  readonly from: string;
  readonly to: string;
  readonly groupBy: (typeof GROUPS)[number];
  readonly grain: (typeof GRAINS)[number];
}

const parameters = (filter: UsageFilter) => ({
  from: filter.from,
  to: filter.to,
  group_by: filter.groupBy,
  grain: filter.grain,
});

export const usageQuery = (filter: UsageFilter) =>
  queryOptions({
    queryKey: ['usage', filter],
    queryFn: ({ signal }) =>
      readAll<Usage>(
        async (cursor) =>
          (await data(
            api.GET('/api/v1/usage', {
              params: { query: { ...parameters(filter), cursor: cursor ?? null, page_size: 1000 } },
              signal,
            }),
          )) as UsagePage, // CSV, the other form of the answer, was not asked for
      ),
    placeholderData: (before) => before,
  });

/** Where the same rows are as CSV. */
export function csvAddress(filter: UsageFilter): string {
  return `${BASE}/api/v1/usage${queryString({ ...parameters(filter), format: 'csv' })}`;
}

export interface Totals {
  readonly podHours: number;
  readonly cost: number;
  readonly currency: string;
}

export function totalsOf(rows: readonly Usage[]): Totals {
  return {
    podHours: rows.reduce((sum, row) => sum + row.pod_hours, 0),
    cost: rows.reduce((sum, row) => sum + row.cost, 0),
    currency: rows[0]?.currency ?? 'USD',
  };
}
