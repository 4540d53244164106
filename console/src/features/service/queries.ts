import { queryOptions } from '@tanstack/react-query';
import { api, data, dryRun, ifMatch, type Schemas } from '@/api';

export type ServiceChange = Schemas['ServiceChange'];

const SUMMARY_EVERY_MS = 10_000;

export const summaryQuery = (service: string) =>
  queryOptions({
    queryKey: ['service summary', service],
    queryFn: async ({ signal }) => {
      const params = { query: { name: [service] } };
      const answer = await data(api.GET('/api/v1/service-summaries', { params, signal }));
      return answer.items[0] ?? null;
    },
    refetchInterval: SUMMARY_EVERY_MS,
  });

export const previewChange = (service: string, change: Partial<ServiceChange>, revision: number) =>
  dryRun('PATCH', `/services/${service}`, change, revision);

export const changeService = (service: string, change: Partial<ServiceChange>, revision: number) =>
  data(
    api.PATCH('/api/v1/services/{service}', {
      params: { path: { service }, header: ifMatch(revision) },
      body: change,
    }),
  );
