import type { UseQueryResult } from '@tanstack/react-query';
import { Flex, Table, Tag } from 'antd';
import { asApiError } from '@/api';
import { Histogram } from '@/components/chart/Histogram';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { Muted } from '@/components/text/Muted';
import { OnHover } from '@/components/text/OnHover';
import { type Formats, useFormats, useTexts } from '@/i18n';
import type { ColumnStatistics, TableStatistics } from '../queries';
import { shortened } from '../rows/values';

/** What is known of the values of each column, over the selected rows. */
export function Statistics({ query, isWrong }: { query: UseQueryResult<TableStatistics>; isWrong: boolean }) {
  const {
    statistics: t,
    column: { name: columnName },
  } = useTexts().tables;
  const formats = useFormats();
  const numbers = (title: string, value: (column: ColumnStatistics) => unknown) => ({
    key: title,
    title,
    align: 'right' as const,
    render: (_: unknown, column: ColumnStatistics) => said(value(column), formats),
  });
  if (isWrong) return null;
  if (query.error) return <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />;
  return (
    <Flex vertical gap="small">
      {query.data && (
        <Flex gap="middle" wrap>
          <span>{t.rows(formats.number(query.data.rows))}</span>
          <Muted>{t.estimated}</Muted>
        </Flex>
      )}
      <Table<ColumnStatistics>
        size="small"
        rowKey="name"
        dataSource={[...(query.data?.columns ?? [])]}
        loading={query.isPending || query.isPlaceholderData}
        pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 'max-content' }}
        locale={{ emptyText: query.isPending ? ' ' : <EmptyState title={t.empty} hint={t.emptyHint} /> }}
        columns={[
          {
            key: 'name',
            sorter: (a, b) => a.name.localeCompare(b.name),
            title: columnName,
            render: (_, column) => (
              <>
                <code>{column.name}</code> <Muted>{column.type}</Muted>
              </>
            ),
          },
          numbers(t.nulls, (column) =>
            column.nulls === 0
              ? 0
              : `${formats.number(column.nulls)} (${formats.percent(column.nulls / (column.nulls + column.count))})`,
          ),
          numbers(t.distinct, (column) => column.distinct),
          { key: 'shape', title: t.shape, render: (_, column) => <Histogram bins={column.histogram} /> },
          numbers(t.least, (column) => column.min),
          numbers(t.mean, (column) => column.mean),
          numbers(t.deviation, (column) => column.stddev),
          numbers(t.median, (column) => column.quantiles?.['0.5']),
          numbers(t.most, (column) => column.max),
          { key: 'top', title: t.top, render: (_, column) => <Top of={column} /> },
        ]}
      />
    </Flex>
  );
}

const SHOWN = 3;

function Top({ of }: { of: ColumnStatistics }) {
  const formats = useFormats();
  const top = of.top ?? [];
  if (top.length === 0) return <>–</>;
  const all = () => top.map(({ value, count }) => `${shortened(value)}: ${formats.number(count)}`).join(', ');
  return (
    <OnHover hint={all}>
      {top.slice(0, SHOWN).map(({ value, count }) => (
        <Tag key={String(value)}>
          <span
            style={{
              display: 'inline-block',
              maxWidth: 140,
              overflow: 'hidden',
              textOverflow: 'ellipsis',
              verticalAlign: 'bottom',
            }}
          >
            {shortened(value)}
          </span>{' '}
          × {formats.number(count)}
        </Tag>
      ))}
    </OnHover>
  );
}

function said(value: unknown, formats: Formats) {
  if (typeof value === 'number') return formats.number(value, 3);
  const text = shortened(value);
  if (text === '–' || text.length <= 20) return text;
  return <OnHover hint={() => text}>{`${Array.from(text).slice(0, 20).join('')}…`}</OnHover>;
}
