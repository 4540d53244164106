import { useQuery } from '@tanstack/react-query';
import { Alert, Drawer, Flex, Skeleton, Steps, Table } from 'antd';
import { asApiError } from '@/api';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { progressOf } from './progress';
import { type Erasure, erasureQuery } from './queries';

/** What became of an order so far: its steps, each table, and what is out of reach. */
export function Receipt(props: { service: string; erasure: string; onClose: () => void }) {
  const t = useTexts().erasures;
  const query = useQuery(erasureQuery(props.service, props.erasure));
  return (
    <Drawer open size={680} title={t.receipt} onClose={props.onClose}>
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton active />}
      {query.data && <Whole order={query.data} />}
    </Drawer>
  );
}

function Whole({ order }: { order: Erasure }) {
  const t = useTexts().erasures;
  const formats = useFormats();
  const { receipt } = order;
  const { step } = progressOf(order);
  const outOfReach = receipt?.out_of_reach ?? [];
  return (
    <Flex vertical gap="large">
      <Steps
        orientation="vertical"
        size="small"
        current={step}
        items={[
          { title: t.steps.ordered, content: <Timestamp at={order.ordered_at} exact /> },
          {
            title: t.steps.tables,
            content: receipt?.first_pass_at ? <Timestamp at={receipt.first_pass_at} exact /> : t.tablesHint,
          },
          {
            title: t.steps.files,
            content: receipt?.finished_at ? (
              <Timestamp at={receipt.finished_at} exact />
            ) : (
              t.filesHint(formats.dateTime(order.final_by))
            ),
          },
        ]}
      />
      {receipt?.waiting_for && (
        <Alert type="warning" showIcon title={t.waiting} description={receipt.waiting_for} />
      )}
      <Tables order={order} />
      {outOfReach.length > 0 && (
        <section aria-label={t.outOfReach}>
          <strong>{t.outOfReach}</strong>
          <ul>
            {outOfReach.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </section>
      )}
    </Flex>
  );
}

function Tables({ order }: { order: Erasure }) {
  const t = useTexts().erasures;
  const formats = useFormats();
  const rows = Object.entries(order.receipt?.tables ?? {}).map(([name, table]) => ({ name, ...table }));
  const number = (title: string, key: 'rows' | 'files_rewritten' | 'files_gone') => ({
    title,
    key,
    align: 'right' as const,
    render: (_: unknown, row: (typeof rows)[number]) => formats.number(row[key] ?? 0),
  });
  return (
    <Table
      size="small"
      rowKey="name"
      dataSource={rows}
      pagination={false}
      locale={{ emptyText: <EmptyState title={t.noTables} hint={t.noTablesHint} /> }}
      columns={[
        { title: t.table, dataIndex: 'name' },
        number(t.rows, 'rows'),
        number(t.files, 'files_rewritten'),
        number(t.gone, 'files_gone'),
      ]}
    />
  );
}
