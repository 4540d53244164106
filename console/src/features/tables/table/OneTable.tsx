import { useQuery } from '@tanstack/react-query';
import { Flex, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { codeForms } from '../code';
import { statisticsQuery, type Table, type TableDetails, tableQuery } from '../queries';
import { RowsPage } from '../rows/RowsPage';
import { useRows } from '../rows/useRows';
import { Statistics } from '../statistics/Statistics';
import { ColumnList } from './ColumnList';
import { Filters } from './Filters';
import type { RowsSearch, SetRowsSearch } from './search';
import { TableState } from './TableState';
import { useSelection } from './useSelection';
import { wrongFilter } from './where';

interface Props {
  readonly table: Table;
  readonly search: RowsSearch;
  readonly setSearch: SetRowsSearch;
}

/** One table: its state, the rows that filter and range select, what they are like. */
export function OneTable(props: Props) {
  const { table } = props;
  const details = useQuery(tableQuery(table));
  return (
    <Flex vertical gap="middle">
      <TableState table={table} details={details.data} />
      {details.error && (
        <ErrorNotice error={asApiError(details.error)} retry={() => void details.refetch()} />
      )}
      {details.isLoading && <Skeleton active />}
      {details.data && table.status !== 'missing' && <Opened {...props} details={details.data} />}
    </Flex>
  );
}

function Opened({ table, details, search, setSearch }: Props & { details: TableDetails }) {
  const selection = useSelection(table, details, search);
  const rows = useRows(selection, search);
  const statistics = useQuery({ ...statisticsQuery(selection), enabled: search.view === 'statistics' });
  const shown = search.view === 'statistics' ? statistics : rows;
  const wrong = shown.error ? wrongFilter(asApiError(shown.error), search.where) : null;
  const columns = details.columns ?? [];
  return (
    <>
      <Filters
        selection={selection}
        columns={columns}
        search={search}
        setSearch={setSearch}
        wrong={wrong}
        refresh={() => void shown.refetch()}
      />
      {search.view === 'columns' && <ColumnList details={details} />}
      {search.view === 'statistics' && <Statistics query={statistics} isWrong={wrong !== null} />}
      {search.view === 'rows' && (
        <RowsPage
          service={table.service}
          query={rows}
          isWrong={wrong !== null}
          columns={columns}
          shown={selection.columns}
          search={search}
          setSearch={setSearch}
        />
      )}
      <div>
        <AsCode forms={codeForms(selection, search.view, search.order)} />
      </div>
    </>
  );
}
