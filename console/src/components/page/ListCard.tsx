import { Card, Flex, Table, type TableProps } from 'antd';
import type { ReactNode } from 'react';
import { asApiError } from '@/api';
import { useTexts } from '@/i18n';
import { EmptyState } from './EmptyState';
import { ErrorNotice } from './ErrorNotice';

/** A titled table over one query: its error in place of the rows, its empty state, its actions. */
export function ListCard<T extends object>(props: {
  texts: { readonly title: string; readonly empty: string; readonly emptyHint: string };
  query: { data?: readonly T[] | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  rowKey: (row: T) => string;
  columns: NonNullable<TableProps<T>['columns']>;
  actions?: ReactNode;
  /** What may be done with a row, in a column of its own; false: nothing. */
  rowActions?: false | ((row: T) => ReactNode);
}) {
  const t = useTexts().common;
  const { query, texts, rowActions = false } = props;
  const empty = <EmptyState title={texts.empty} hint={texts.emptyHint} />;
  const last = {
    title: t.actions,
    key: 'actions',
    // In sight however wide the rest is; many buttons are in two lines rather than half of the table.
    fixed: 'right' as const,
    render: (_: unknown, row: T) => (
      <div style={{ maxWidth: 260 }}>{rowActions ? rowActions(row) : null}</div>
    ),
  };
  return (
    <Card size="small" title={texts.title} extra={<Flex gap="small">{props.actions}</Flex>}>
      {query.error ? (
        <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />
      ) : (
        <Table<T>
          size="small"
          rowKey={props.rowKey}
          columns={rowActions === false ? props.columns : [...props.columns, last]}
          dataSource={query.data ? [...query.data] : []}
          loading={query.isPending}
          locale={{ emptyText: query.isPending ? ' ' : empty }}
          pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
          scroll={{ x: 'max-content' }}
        />
      )}
    </Card>
  );
}
