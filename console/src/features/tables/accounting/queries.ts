import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, data } from '@/api';
import { isoRange, type Range } from '@/components/time/timeRange';
import { gridOf } from './account';

const REFRESH_MS = 10_000;

/** What became of the requests of a range, with the grid that the steps lie on. */
export const accountingQuery = (service: string, range: Range) =>
  queryOptions({
    queryKey: ['accounting', service, range],
    queryFn: async ({ signal }) => {
      const grid = gridOf(range, Date.now());
      const query = { ...isoRange(grid), step: grid.stepS };
      const params = { path: { service }, query };
      return {
        grid,
        account: await data(api.GET('/api/v1/services/{service}/accounting', { params, signal })),
      };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 'span' in range ? REFRESH_MS : false,
  });
