import { QueryClient } from '@tanstack/react-query';
import { asApiError, onSessionEnded, sessionQuery } from '@/api';

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

// A session that ends elsewhere: the shell then shows the sign-in page in place, with the address as it is.
onSessionEnded(() => queries.setQueryData(sessionQuery.queryKey, null));
