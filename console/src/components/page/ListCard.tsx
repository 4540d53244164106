import { Card, Flex, Table, type TableProps } from 'antd';
import type { ReactNode } from 'react';
import { asApiError } from '@/api';
import { ErrorNotice } from './ErrorNotice';

/** A titled table over one query: its error in place of the rows, its empty state, its actions. */
export function ListCard<T extends object>(props: {
  title: string;
  query: { data?: readonly T[] | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  rowKey: (row: T) => string;
  columns: TableProps<T>['columns'];
  empty: ReactNode;
  actions?: ReactNode;
}) {
  const { query } = props;
  return (
    <Card size="small" title={props.title} extra={<Flex gap="small">{props.actions}</Flex>}>
      {query.error ? (
        <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />
      ) : (
        <Table<T>
          size="small"
          rowKey={props.rowKey}
          columns={props.columns ?? []}
          dataSource={query.data ? [...query.data] : []}
          loading={query.isPending}
          locale={{ emptyText: query.isPending ? ' ' : props.empty }}
          pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
          scroll={{ x: 'max-content' }}
        />
      )}
    </Card>
  );
}
