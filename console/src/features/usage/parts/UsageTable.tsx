import { Table } from 'antd';
import { EmptyState } from '@/components/page/EmptyState';
import { useFormats, useTexts } from '@/i18n';
import type { GROUPS, Usage } from '../queries';

/** One row for each thing and period, with a bar of its part of the cost. */
export function UsageTable(props: {
  rows: readonly Usage[];
  by: (typeof GROUPS)[number];
  isPending: boolean;
}) {
  const t = useTexts().usage;
  const formats = useFormats();
  const hours = (value: number) => formats.number(value, 2);
  return (
    <Table<Usage>
      size="small"
      rowKey={(row) => [row.period, row.project, row.service_id, row.version_id, row.pod].join('/')}
      dataSource={[...props.rows]}
      loading={props.isPending}
      scroll={{ x: 'max-content' }}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      locale={{ emptyText: props.isPending ? ' ' : <EmptyState title={t.empty} hint={t.emptyHint} /> }}
      columns={[
        { title: t.groups[props.by], key: 'name', render: (_, row) => nameOf(row, props.by) },
        {
          title: t.period,
          key: 'period',
          render: (_, row) =>
            row.period ?? `${formats.date(row.period_start)} – ${formats.date(row.period_end)}`,
        },
        number(t.podHours, (row) => row.pod_hours, hours),
        number(t.cpuHours, (row) => row.cpu_hours, hours),
        number(t.memoryHours, (row) => row.memory_gb_hours, hours),
        number(t.gpuHours, (row) => row.gpu_hours, hours),
        {
          ...number(t.cost, (row) => row.cost, hours),
          render: (_, row) => formats.money(row.cost, row.currency),
        },
      ]}
    />
  );
}

function number(title: string, value: (row: Usage) => number, format: (value: number) => string) {
  return {
    title,
    key: title,
    align: 'right' as const,
    sorter: (a: Usage, b: Usage) => value(a) - value(b),
    render: (_: unknown, row: Usage) => format(value(row)),
  };
}

function nameOf(row: Usage, by: (typeof GROUPS)[number]): string {
  if (by === 'project') return row.project;
  if (by === 'service') return row.service ?? '–';
  return by === 'pod' ? (row.pod ?? '–') : `${row.service ?? '–'} / ${row.version ?? '–'}`;
}
