import { Button, Flex } from 'antd';
import { asApiError } from '@/api';
import { CursorPager } from '@/components/page/CursorPager';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { Muted } from '@/components/text/Muted';
import { useFormats, useTexts } from '@/i18n';
import type { Column } from '../queries';
import { FIRST_PAGE, type RowsSearch, type SetRowsSearch } from '../table/search';
import { RowsTable } from './RowsTable';
import type { RowsQuery } from './useRows';

/** A page of rows, and the way to the next one; all pages after the first show the version that it showed. */
export function RowsPage(props: {
  service: string;
  query: RowsQuery;
  isWrong: boolean;
  columns: readonly Column[];
  shown: readonly string[];
  search: RowsSearch;
  setSearch: SetRowsSearch;
}) {
  const t = useTexts().tables;
  const formats = useFormats();
  const { query, columns, shown, search, setSearch } = props;
  const page = query.data;
  const version = page?.delta_version;
  if (props.isWrong) return null;
  if (query.error) {
    return (
      <div>
        <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />
        {search.cursor !== '' && <Button onClick={() => setSearch(FIRST_PAGE)}>{t.anew}</Button>}
      </div>
    );
  }
  return (
    <div>
      <RowsTable
        service={props.service}
        rows={page?.items ?? []}
        columns={shown.flatMap((name) => columns.filter((column) => column.name === name))}
        isPending={query.isPending || query.isPlaceholderData}
        order={search.order}
        setOrder={(order) => setSearch({ order, ...FIRST_PAGE })}
      />
      <Flex justify="space-between" align="center" gap="middle" wrap>
        <Muted>
          {version != null &&
            (search.cursor !== '' || page?.next_cursor) &&
            t.shownVersion(formats.number(version))}{' '}
          {search.columns.length === 0 &&
            columns.length > shown.length &&
            t.firstColumns(formats.number(shown.length), formats.number(columns.length))}
        </Muted>
        <CursorPager
          cursor={search.cursor}
          next={page?.next_cursor}
          onChange={(cursor) =>
            setSearch(cursor === '' ? FIRST_PAGE : { cursor, at: page?.at ?? '' }, { push: true })
          }
        />
      </Flex>
    </div>
  );
}
