import { useMemo } from 'react';
import { readRange } from '@/components/time/timeRange';
import type { Selection, Table, TableDetails } from '../queries';
import { chosenColumns } from '../rows/values';
import { FALLBACK, type RowsSearch } from './search';

/** The rows that the address selects; the same object for as long as it says the same: it is in the keys of queries. */
export function useSelection(table: Table, details: TableDetails | undefined, search: RowsSearch): Selection {
  const names = (details?.columns ?? []).map(({ name }) => name);
  const said = JSON.stringify({
    table: table.name,
    where: search.where,
    range: readRange(search, FALLBACK),
    columns: chosenColumns(search.columns, names),
  } satisfies Selection);
  return useMemo(() => JSON.parse(said), [said]);
}
