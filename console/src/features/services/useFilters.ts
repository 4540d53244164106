import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { type SearchSetter, useSearchState } from '@/components/page/useSearchState';
import { type Filters, PARAMS } from './filters';
import { servicesQuery } from './queries';

/**
 * The filters in the address. Services of other filters are asked for where these are set: once the page is rendered
 * with them it finds the answer on its way, and the server answers while the browser renders.
 */
export function useFilters(): [Filters, SearchSetter<typeof PARAMS>] {
  const queries = useQueryClient();
  const [filters, setFilters] = useSearchState(PARAMS);
  const current = useRef(filters);
  useEffect(() => {
    current.current = filters;
  }, [filters]);
  const set = useCallback<SearchSetter<typeof PARAMS>>(
    (change, options) => {
      void queries.prefetchQuery(servicesQuery({ ...current.current, ...change }));
      setFilters(change, options);
    },
    [queries, setFilters],
  );
  return [filters, set];
}
