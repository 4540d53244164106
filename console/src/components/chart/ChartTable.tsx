import { Table } from 'antd';
import { useFormats, useTexts } from '@/i18n';
import { type ChartProps, momentsOf } from './types';

/** A chart's values in rows, the newest first. */
export function ChartTable(props: ChartProps) {
  const t = useTexts().components.chart;
  const formats = useFormats();
  const rows = momentsOf(props).map((at, index) => ({ at, index }));
  return (
    <Table
      size="small"
      rowKey="at"
      dataSource={rows.reverse()}
      pagination={{ pageSize: 10, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      columns={[
        { title: t.time, dataIndex: 'at', render: (at: number) => formats.dateTime(at) },
        ...props.series.map((one, column) => ({
          title: one.label,
          key: `${column} ${one.label}`,
          align: 'right' as const,
          render: (_: unknown, row: { index: number }) => {
            const value = one.values[row.index];
            return value == null ? '–' : props.format(value);
          },
        })),
      ]}
    />
  );
}
