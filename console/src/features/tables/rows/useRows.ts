import { useQuery } from '@tanstack/react-query';
import { rowsQuery, type Selection } from '../queries';
import type { RowsSearch } from '../table/search';

/** The page of rows that the address names. */
export function useRows(selection: Selection, { order, cursor, at, view }: RowsSearch) {
  return useQuery({ ...rowsQuery({ ...selection, order, cursor, at }), enabled: view === 'rows' });
}

export type RowsQuery = ReturnType<typeof useRows>;
