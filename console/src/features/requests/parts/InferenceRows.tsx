import { Alert, Card, Table } from 'antd';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { type InferenceColumn, withLabels } from '../inferences';
import { cell, type PayloadRow, type WholeRequest } from '../queries';

/** What was asked of the model row by row, what it answered, and what was true. */
export function InferenceRows({ request }: { request: WholeRequest }) {
  const t = useTexts().requests;
  const formats = useFormats();
  const { columns, rows } = withLabels(request.inferences, request.labelled);
  if (rows.length === 0) return <Alert type="info" showIcon title={t.noInferences} />;
  const labelled = request.labelled.length;
  return (
    <Card
      size="small"
      title={t.inferences}
      extra={
        labelled === 0
          ? t.noLabels
          : t.labelled(formats.number(labelled), formats.number(request.inferences.length))
      }
    >
      <Table<PayloadRow>
        size="small"
        rowKey={(row) => String(row.row_index)}
        dataSource={[...rows]}
        pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 'max-content' }}
        columns={columns.map((column) => ({
          key: column.name,
          ...(column.kind === 'index' && { sorter: byIndex }),
          title: <Title of={column} />,
          render: (_, row) => <Value row={row} column={column} />,
        }))}
      />
    </Card>
  );
}

function byIndex(a: PayloadRow, b: PayloadRow): number {
  return Number(a.row_index) - Number(b.row_index);
}

function Title({ of }: { of: InferenceColumn }) {
  const t = useTexts().requests;
  if (of.kind === 'index') return <>{t.rowIndex}</>;
  return of.kind === 'prediction' || of.kind === 'label' ? <strong>{of.name}</strong> : of.name;
}

function Value({ row, column: { name } }: { row: PayloadRow; column: InferenceColumn }) {
  const formats = useFormats();
  const value = row[name];
  if (typeof value === 'number') return <>{formats.number(value, 6)}</>;
  if (name === 'labelled_at' || name === 'label_received_at') return <Timestamp at={cell(row, name)} exact />;
  return <span style={{ overflowWrap: 'anywhere' }}>{cell(row, name)}</span>;
}
