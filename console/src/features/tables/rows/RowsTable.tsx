import { ExpandAltOutlined } from '@ant-design/icons';
import { Link } from '@tanstack/react-router';
import { Button, Table, type TableProps } from 'antd';
import { useState } from 'react';
import { EmptyState } from '@/components/page/EmptyState';
import { OnHover } from '@/components/text/OnHover';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import type { Column, Row } from '../queries';
import { RowDrawer } from './RowDrawer';
import { hasOrder, isNumber, shortened, shown } from './values';

/** Rows as the table has them, a column each; `order` is `column` or `-column`. */
export function RowsTable(props: {
  service: string;
  rows: readonly Row[];
  columns: readonly Column[];
  isPending: boolean;
  order: string;
  setOrder: (order: string) => void;
}) {
  const t = useTexts().tables;
  const { service, columns, order } = props;
  const [opened, setOpened] = useState<Row | null>(null);
  const rows = props.rows.map((row, index) => ({ row, key: String(index) }));
  const open = {
    key: ' ',
    width: 40,
    render: (_: unknown, { row }: { row: Row }) => (
      <Button
        type="text"
        size="small"
        aria-label={t.open}
        icon={<ExpandAltOutlined />}
        onClick={() => setOpened(row)}
      />
    ),
  };
  return (
    <>
      <Table
        size="small"
        dataSource={rows}
        loading={props.isPending}
        pagination={false}
        scroll={{ x: 'max-content' }}
        locale={{ emptyText: props.isPending ? ' ' : <EmptyState title={t.empty} hint={t.emptyHint} /> }}
        columns={[open, ...columns.map((column) => columnOf(service, column, order))]}
        onChange={(_pages, _filters, sorter) => {
          const { columnKey, order: way } = Array.isArray(sorter) ? {} : sorter;
          props.setOrder(way && columnKey ? `${way === 'descend' ? '-' : ''}${String(columnKey)}` : '');
        }}
      />
      {opened !== null && (
        <RowDrawer
          service={service}
          row={opened}
          columns={columns.map(({ name }) => name)}
          onClose={() => setOpened(null)}
        />
      )}
    </>
  );
}

function columnOf(service: string, column: Column, order: string) {
  const way = order === column.name ? 'ascend' : order === `-${column.name}` ? 'descend' : null;
  return {
    key: column.name,
    title: <span title={column.description ?? column.type}>{column.original_name ?? column.name}</span>,
    align: isNumber(column.type) ? 'right' : 'left',
    ...(hasOrder(column.type) ? { sorter: true, sortOrder: way } : {}),
    render: (_, { row }) => <Cell service={service} column={column} value={row[column.name]} />,
  } satisfies NonNullable<TableProps<{ row: Row; key: string }>['columns']>[number];
}

function Cell({ service, column, value }: { service: string; column: Column; value: unknown }) {
  const formats = useFormats();
  if (typeof value === 'number') return <>{formats.number(value, 6)}</>;
  if (typeof value !== 'string' || value === '') return <>{shortened(value)}</>;
  if (column.type.startsWith('TIMESTAMP')) return <Timestamp at={value} exact />;
  if (column.name === 'request_id') {
    return (
      <Link to="/services/$service/requests/$request" params={{ service, request: value }}>
        <code>{value}</code>
      </Link>
    );
  }
  const short = shortened(value);
  return (
    <OnHover hint={() => shown(value).slice(0, 1_000)}>
      <span
        style={{
          display: 'inline-block',
          maxWidth: 320,
          overflow: 'hidden',
          textOverflow: 'ellipsis',
          whiteSpace: 'nowrap',
          verticalAlign: 'bottom',
        }}
      >
        {short}
      </span>
    </OnHover>
  );
}
