import { Alert, Table, Typography } from 'antd';
import { useFormats, useTexts } from '@/i18n';
import { type Difference, differences } from '../differences';
import type { Answer } from '../queries';

const SHOWN = 100;

/** Whether two versions answered the same, and where not. */
export function Comparison({ left, right }: { left: Answer; right: Answer }) {
  const t = useTexts().debug;
  const formats = useFormats();
  const found = differences(left.response, right.response);
  if (found.length === 0) {
    return <Alert type="success" showIcon title={t.equal} style={{ marginBottom: 16 }} />;
  }
  return (
    <Alert
      type="warning"
      showIcon
      style={{ marginBottom: 16 }}
      title={t.differ(formats.number(found.length))}
      description={
        <Table<Difference>
          size="small"
          rowKey="path"
          pagination={false}
          scroll={{ y: 220 }}
          dataSource={found.slice(0, SHOWN)}
          columns={[
            { title: t.path, dataIndex: 'path' },
            { title: left.version, render: (_, one) => <Value value={one.left} /> },
            { title: right.version, render: (_, one) => <Value value={one.right} /> },
          ]}
        />
      }
    />
  );
}

function Value({ value }: { value: unknown }) {
  const t = useTexts().debug;
  if (value === undefined) return t.absent;
  return <Typography.Text code>{JSON.stringify(value)}</Typography.Text>;
}
