import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas, watch } from '@/api';
import { type Filters, requestOf } from './filters';

export type Service = Schemas['ServiceView'];

export type ServicePage = Schemas['Page_ServiceView_'] & { readonly filters: Filters };

/** What a row shows of a service's traffic in the last 15 minutes. */
export type Summary = Schemas['ServiceSummaryView'];

const SUMMARIES_MS = 15_000;

/** A page of services, and the filters that it answers; pods and traffic are in the rows too. */
export function servicesQuery(filters: Filters) {
  return queryOptions({
    queryKey: ['services', filters],
    queryFn: async ({ signal }) => {
      const found = await data(
        api.GET('/api/v1/services', { params: { query: requestOf(filters) }, signal }),
      );
      return { ...found, filters };
    },
    placeholderData: keepPreviousData,
    meta: watch(['service', 'version', 'pods', 'traffic']),
  });
}

/** Traffic of the services of a page, in one call. */
export function summariesQuery(names: readonly string[]) {
  return queryOptions({
    queryKey: ['service summaries', names],
    queryFn: async ({ signal }) => {
      const { items } = await data(
        api.GET('/api/v1/service-summaries', { params: { query: { name: [...names] } }, signal }),
      );
      return new Map(items.map((item) => [item.service, item]));
    },
    enabled: names.length > 0,
    refetchInterval: SUMMARIES_MS,
    placeholderData: keepPreviousData,
    retry: false,
  });
}
