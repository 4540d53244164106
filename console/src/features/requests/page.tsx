import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Alert, Flex, Skeleton, Typography } from 'antd';
import { asApiError } from '@/api';
import { SearchField } from '@/components/filter/FilterField';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { text, useSearchState } from '@/components/page/useSearchState';
import { useTitle } from '@/components/page/useTitle';
import { CopyText } from '@/components/text/CopyText';
import { useFormats, useTexts } from '@/i18n';
import { Rows } from './parts/Rows';
import { payloadTableQuery, type Table } from './queries';

const PARAMS = { id: text(), client: text() };

/** Requests of a service, out of its inference table. */
export function Page() {
  const { service } = useParams({ from: '/services/$service/requests' });
  const t = useTexts().requests;
  useTitle(`${t.title} · ${service}`);
  const [search, setSearch] = useSearchState(PARAMS);
  const table = useQuery(payloadTableQuery(service));
  if (table.error) return <ErrorNotice error={asApiError(table.error)} retry={() => void table.refetch()} />;
  if (table.isPending) return <Skeleton active />;
  if (table.data === null) return <EmptyState title={t.none} hint={t.noneHint} />;
  return (
    <>
      <TableState table={table.data} />
      <Flex gap="small" wrap style={{ marginBottom: 12 }}>
        <SearchField label={t.requestId} width={340} value={search.id} onChange={(id) => setSearch({ id })} />
        <SearchField
          label={t.clientRequestId}
          width={280}
          value={search.client}
          onChange={(client) => setSearch({ client })}
        />
      </Flex>
      <Rows service={service} filter={{ requestId: search.id, clientRequestId: search.client }} />
    </>
  );
}

function TableState({ table }: { table: Table }) {
  const t = useTexts().requests;
  const formats = useFormats();
  return (
    <>
      {table.status === 'blocked' && (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 12 }}
          title={t.blocked}
          description={table.blocked?.reason}
        />
      )}
      {table.status === 'missing' && (
        <Alert type="error" showIcon style={{ marginBottom: 12 }} title={t.missing} />
      )}
      <Flex gap="small" wrap align="center" style={{ marginBottom: 12 }}>
        <Typography.Text strong>{t.table}</Typography.Text>
        <span>{t.rows(formats.number(table.rows))}</span>
        <CopyText text={table.location} />
      </Flex>
    </>
  );
}
