import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, data } from '@/api';

/** Stored name → the model's own, of columns that a table cannot call as the model does. */
type Names = ReadonlyMap<string, string>;

const NONE: Names = new Map();

/** The columns of a service's inferences; none while there is no such table. */
const columnNamesQuery = (service: string) =>
  queryOptions({
    queryKey: ['column names', service],
    queryFn: async ({ signal }): Promise<Names> => {
      const listed = await data(
        api.GET('/api/v1/inference-tables', { params: { query: { service } }, signal }),
      );
      const table = listed.items.find(({ kind, status }) => kind === 'inferences' && status !== 'missing');
      if (table === undefined) return NONE;
      const params = { path: { table: table.name } };
      const { columns } = await data(api.GET('/api/v1/inference-tables/{table}', { params, signal }));
      return new Map(
        columns.flatMap(({ name, original_name: original }) =>
          original != null && original !== name ? [[name, original] as const] : [],
        ),
      );
    },
    enabled: service !== '',
    staleTime: 60_000,
  });

/** What the model calls a column that is stored under another name; other names stay as they are. */
export function useColumnNames(service: string | null): (stored: string) => string {
  const names = useQuery(columnNamesQuery(service ?? '')).data ?? NONE;
  return (stored) => names.get(stored) ?? stored;
}
