import { Table, Typography } from 'antd';
import type { FieldChange } from '@/api';
import { useTexts } from '@/i18n';
import { shownValue } from './fieldChanges';

/** Fields with their values before and after, side by side. */
export function ChangesTable(props: { changes: readonly FieldChange[]; before?: string; after?: string }) {
  const t = useTexts().review;
  return (
    <Table<FieldChange>
      size="small"
      rowKey="field"
      pagination={false}
      dataSource={[...props.changes]}
      columns={[
        { title: t.field, render: (_, change) => <code>{change.field}</code> },
        { title: props.before ?? t.before, render: (_, change) => <Value of={change.before} /> },
        { title: props.after ?? t.after, render: (_, change) => <Value of={change.after} /> },
      ]}
    />
  );
}

export function Value({ of }: { of: unknown }) {
  const t = useTexts().review;
  const shown = shownValue(of);
  return shown === null ? (
    <Typography.Text italic>{t.notSet}</Typography.Text>
  ) : (
    <span style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{shown}</span>
  );
}
