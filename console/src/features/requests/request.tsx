import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Alert, Card, Descriptions, Flex, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { CodeBlock } from '@/components/code/CodeBlock';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTitle } from '@/components/page/useTitle';
import { CopyText } from '@/components/text/CopyText';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { codeForms } from './code';
import { InferenceRows } from './parts/InferenceRows';
import { StatusCode } from './parts/Rows';
import { cell, pretty, requestQuery, type WholeRequest } from './queries';

/** One request whole: what was asked, what was answered, by what, and what the pod said meanwhile. */
export function Page() {
  const { service, request } = useParams({ from: '/services/$service/requests/$request' });
  const t = useTexts().requests;
  useTitle(`${t.request} · ${service}`);
  const query = useQuery(requestQuery(service, request));
  return (
    <Flex vertical gap="middle">
      <Flex gap="small" justify="space-between" wrap>
        <Link to="/services/$service/requests" params={{ service }}>
          {t.back}
        </Link>
        <AsCode forms={codeForms(service, request)} />
      </Flex>
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton active />}
      {query.data && <Whole service={service} request={query.data} />}
    </Flex>
  );
}

function Whole({ service, request }: { service: string; request: WholeRequest }) {
  const t = useTexts().requests;
  const row = request.payload;
  return (
    <>
      <Facts request={request} />
      <InferenceRows request={request} />
      <Flex gap="middle" wrap align="start">
        {(['request', 'response'] as const).map((column) => (
          <Card
            key={column}
            size="small"
            title={column === 'request' ? t.body : t.answer}
            style={{ flex: '1 1 420px', minWidth: 0 }}
          >
            <CodeBlock code={pretty(row[column]) ?? t.noBody} />
          </Card>
        ))}
      </Flex>
      <Card
        size="small"
        title={t.lines}
        extra={
          <Link to="/services/$service/debug" params={{ service }} search={{ request: request.request_id }}>
            {t.replay}
          </Link>
        }
      >
        {request.log_problem !== null && <Alert type="warning" showIcon title={request.log_problem} />}
        {request.log_lines.length > 0 && (
          <CodeBlock code={request.log_lines.map(({ text }) => text).join('\n')} />
        )}
        {request.log_lines.length === 0 && request.log_problem === null && t.noLines}
      </Card>
    </>
  );
}

function Facts({ request }: { request: WholeRequest }) {
  const t = useTexts().requests;
  const formats = useFormats();
  const row = request.payload;
  const duration = row.execution_duration_ms;
  const items = [
    { label: t.requestId, children: <CopyText text={request.request_id} /> },
    { label: t.clientRequestId, children: cell(row, 'client_request_id') },
    { label: t.at, children: <Timestamp at={cell(row, 'request_time')} exact /> },
    { label: t.statusCode, children: <StatusCode code={row.status_code} /> },
    { label: t.duration, children: typeof duration === 'number' ? formats.milliseconds(duration) : '–' },
    { label: t.version, children: request.version ?? '–' },
    { label: t.pod, children: request.pod ?? '–' },
    { label: t.requester, children: cell(row, 'requester') },
    { label: t.route, children: cell(row, 'route_reason') },
    { label: t.trace, children: request.trace_id ?? '–' },
    { label: t.sampled, children: cell(row, 'sampling_fraction') },
    { label: t.codes, children: cell(row, 'logging_error_codes') },
  ];
  return (
    <Card size="small">
      <Descriptions
        size="small"
        column={{ xs: 1, md: 2, xl: 3 }}
        items={items.map((item) => ({ ...item, key: item.label }))}
      />
    </Card>
  );
}
