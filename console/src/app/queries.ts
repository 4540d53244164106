import { QueryClient } from '@tanstack/react-query';
import { asApiError } from '@/api';

/** Errors that the next try may not meet; anything else is an answer. */
function mayPass(thrown: unknown): boolean {
  const { status } = asApiError(thrown);
  return status === 0 || status === 502 || status === 503;
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, thrown) => failures < 2 && mayPass(thrown),
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});
