import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ListCard } from '@/components/page/ListCard';
import { ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { cell, type PayloadRow, type RowsFilter, rowsQuery } from '../queries';

/** The newest rows of the payload table. */
export function Rows({ service, filter }: { service: string; filter: RowsFilter }) {
  const t = useTexts().requests;
  const formats = useFormats();
  const query = useQuery(rowsQuery(service, filter));
  return (
    <ListCard<PayloadRow>
      texts={t}
      query={{ ...query, data: query.data?.items }}
      rowKey={(row) => cell(row, 'request_id')}
      columns={[
        { title: t.at, key: 'at', render: (_, row) => <Timestamp at={cell(row, 'request_time')} exact /> },
        {
          title: t.requestId,
          key: 'id',
          render: (_, row) => (
            <Link
              to="/services/$service/requests/$request"
              params={{ service, request: cell(row, 'request_id') }}
            >
              <code>{cell(row, 'request_id')}</code>
            </Link>
          ),
        },
        { title: t.clientRequestId, key: 'client', render: (_, row) => cell(row, 'client_request_id') },
        { title: t.statusCode, key: 'status', render: (_, row) => <StatusCode code={row.status_code} /> },
        {
          title: t.duration,
          key: 'duration',
          align: 'right',
          render: (_, row) =>
            typeof row.execution_duration_ms === 'number'
              ? formats.milliseconds(row.execution_duration_ms)
              : '–',
        },
        { title: t.version, key: 'version', render: (_, row) => cell(row, 'version') },
        { title: t.pod, key: 'pod', render: (_, row) => cell(row, 'pod') },
      ]}
    />
  );
}

export function StatusCode({ code }: { code: unknown }) {
  if (typeof code !== 'number') return <>–</>;
  const tone = code < 400 ? 'ok' : code < 500 ? 'warning' : 'bad';
  return <ToneTag tone={tone}>{code}</ToneTag>;
}
