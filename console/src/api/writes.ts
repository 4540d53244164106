import { useMutation, useQueryClient } from '@tanstack/react-query';

/** A write after which everything whose key begins with `key` is read anew, also where it was refused. */
export function useWrite<T, R>(key: string, write: (values: T) => Promise<R>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSettled: () => queries.invalidateQueries({ queryKey: [key] }),
  });
}
