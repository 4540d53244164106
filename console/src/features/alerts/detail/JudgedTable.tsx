import { Link } from '@tanstack/react-router';
import { Table } from 'antd';
import { ColumnName } from '@/components/column/ColumnName';
import { useFormats, useTexts } from '@/i18n';
import { SeverityTag } from '../list/Tags';
import type { AlertDetail } from '../queries';
import { aroundOf, type Evidence, type JudgedColumn } from './evidence';
import { ValueBar } from './ValueBar';

/** The columns that are out of bounds, the worst first: each value against what it was held to. */
export function JudgedTable(props: {
  columns: readonly JudgedColumn[];
  alert: AlertDetail;
  window: Evidence['window'];
}) {
  const { columns, alert, window } = props;
  const around = window === null ? {} : aroundOf(window);
  const t = useTexts().alerts;
  const formats = useFormats();
  const said = (value: number | null) => (value === null ? '–' : formats.number(value, 4));
  const most = Math.max(
    ...columns.flatMap(({ value, threshold }) => [Math.abs(value ?? 0), Math.abs(threshold ?? 0)]),
  );
  const hasSlices = columns.some(({ slice }) => slice !== null);
  return (
    <Table<JudgedColumn>
      size="small"
      pagination={false}
      rowKey={({ column, slice }) => `${column} ${slice}`}
      dataSource={[...columns]}
      scroll={{ x: 'max-content' }}
      columns={[
        {
          title: t.column,
          key: 'column',
          render: (_, { column, slice }) =>
            column === null || alert.service === null ? (
              (column ?? t.wholeService)
            ) : (
              <Link
                to="/services/$service/quality"
                params={{ service: alert.service }}
                search={{
                  monitor: alert.monitor,
                  column: [column, slice].filter(Boolean).join(' · '),
                  ...around,
                }}
              >
                <ColumnName service={alert.service} of={column} />
              </Link>
            ),
        },
        ...(hasSlices
          ? [
              {
                title: t.slice,
                key: 'slice',
                render: (_: unknown, of: JudgedColumn) => of.slice ?? t.allRows,
              },
            ]
          : []),
        {
          title: t.severity,
          key: 'severity',
          render: (_, { severity }) =>
            severity === 'warning' || severity === 'critical' ? <SeverityTag of={severity} /> : severity,
        },
        { title: t.value, key: 'value', align: 'right', render: (_, { value }) => said(value) },
        { title: t.threshold, key: 'threshold', align: 'right', render: (_, of) => said(of.threshold) },
        {
          title: t.against,
          key: 'bar',
          render: (_, { value, threshold }) => <ValueBar value={value} threshold={threshold} most={most} />,
        },
      ]}
    />
  );
}
