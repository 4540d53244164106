import { Alert, Flex, Statistic, Table } from 'antd';
import { useFormats, useTexts } from '@/i18n';
import type { Receipt } from './queries';

/** What became of an upload, and which rows of it were not taken. */
export function UploadReceipt({ receipt }: { receipt: Receipt }) {
  const t = useTexts().labels;
  const formats = useFormats();
  const rejected = receipt.rejected ?? [];
  const refused = receipt.rejected_rows ?? 0;
  return (
    <Flex vertical gap="middle">
      <Alert
        type={refused > 0 ? 'warning' : 'success'}
        showIcon
        role="status"
        title={t.taken(formats.number(receipt.received))}
      />
      <Flex gap="large" wrap>
        <Statistic title={t.joined} value={formats.number(receipt.joined)} />
        <Statistic title={t.waiting} value={formats.number(receipt.waiting)} />
        <Statistic title={t.changed} value={formats.number(receipt.changed ?? 0)} />
        <Statistic title={t.rejected} value={formats.number(refused)} />
      </Flex>
      {rejected.length > 0 && (
        <Table
          size="small"
          rowKey="row"
          title={() => t.rejectedTitle(formats.number(rejected.length), formats.number(refused))}
          dataSource={[...rejected]}
          pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
          columns={[
            { title: t.row, dataIndex: 'row', align: 'right' },
            { title: t.reason, dataIndex: 'reason' },
          ]}
        />
      )}
    </Flex>
  );
}
