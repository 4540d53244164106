import { queryOptions } from '@tanstack/react-query';
import { api, BASE, data, queryString, readAll, type Schemas } from '@/api';

type UsagePage = Schemas['Page_UsageView_'];
export type Usage = Schemas['UsageView'];

export const GROUPS = ['service', 'version', 'project', 'pod'] as const;
export const GRAINS = ['total', 'month', 'day'] as const;

export interface UsageFilter {
  readonly from: string;
  readonly to: string;
  readonly groupBy: (typeof GROUPS)[number];
  readonly grain: (typeof GRAINS)[number];
}

/** As the API names it. */
export const parameters = (filter: UsageFilter) => ({
  from: filter.from,
  to: filter.to,
  group_by: filter.groupBy,
  grain: filter.grain,
});

export const usageQuery = (filter: UsageFilter) =>
  queryOptions({
    queryKey: ['usage', filter],
    queryFn: ({ signal }) =>
      readAll(async (page) => {
        const query = { ...parameters(filter), ...page };
        // CSV, the other form of the answer, was not asked for.
        return { data: (await data(api.GET('/api/v1/usage', { params: { query }, signal }))) as UsagePage };
      }, 1000),
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
