import { Table, Tag } from 'antd';
import { Muted } from '@/components/text/Muted';
import { useTexts } from '@/i18n';
import type { Column, TableDetails } from '../queries';

/** What a table has for columns, as it says itself. */
export function ColumnList({ details }: { details: TableDetails }) {
  const t = useTexts().tables.column;
  return (
    <Table<Column>
      size="small"
      rowKey="name"
      dataSource={[...(details.columns ?? [])]}
      pagination={{ pageSize: 100, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      columns={[
        {
          title: t.name,
          key: 'name',
          sorter: (a, b) => a.name.localeCompare(b.name),
          render: (_, column) => <code>{column.name}</code>,
        },
        {
          title: t.type,
          key: 'type',
          render: (_, column) => (
            <>
              {column.type} {column.is_partition && <Tag>{t.partition}</Tag>}
              {column.name === details.time_column && <Tag>{t.time}</Tag>}
              {column.nullable === false && <Tag>{t.notNull}</Tag>}
            </>
          ),
        },
        { title: t.original, key: 'original', render: (_, column) => column.original_name ?? '–' },
        {
          title: t.description,
          key: 'description',
          render: (_, column) => <Muted>{column.description}</Muted>,
        },
      ]}
    />
  );
}
