import { useQuery } from '@tanstack/react-query';
import { Card, Flex, Progress, Statistic } from 'antd';
import { EmptyState } from '@/components/page/EmptyState';
import { ListCard } from '@/components/page/ListCard';
import { PageHeader } from '@/components/page/PageHeader';
import { ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { DeadLetters } from './parts/DeadLetters';
import {
  type Platform,
  type PlatformService,
  platformQuery,
  type Spool,
  type Store,
  type Stream,
} from './queries';

/** The platform's own health, for administrators. */
export function Page() {
  const t = useTexts().platform;
  return (
    <>
      <PageHeader title={t.title} description={t.description} />
      <Flex vertical gap="middle">
        <Services />
        <Streams />
        <Spools />
        <Logger />
        <DeadLetters />
        <Stores />
      </Flex>
    </>
  );
}

/** The query, with one list of its answer as data. */
function usePart<T>(part: (platform: Platform) => readonly T[]) {
  const query = useQuery(platformQuery);
  return { ...query, data: query.data && part(query.data) };
}

function Services() {
  const t = useTexts().platform.services;
  const common = useTexts().common;
  return (
    <ListCard<PlatformService>
      title={t.title}
      query={usePart((platform) => platform.services)}
      rowKey={(service) => service.name}
      empty={<EmptyState title={t.empty} hint={t.emptyHint} />}
      columns={[
        { title: common.name, dataIndex: 'name' },
        {
          title: common.status,
          key: 'state',
          render: (_, service) => (
            <ToneTag tone={service.state === 'running' ? 'ok' : 'bad'}>{t[service.state]}</ToneTag>
          ),
        },
        { title: t.version, dataIndex: 'version', render: (version: string | null) => version ?? '–' },
        { title: t.since, key: 'since', render: (_, service) => <Timestamp at={service.since} /> },
      ]}
    />
  );
}

function Streams() {
  const t = useTexts().platform.streams;
  const common = useTexts().common;
  const formats = useFormats();
  return (
    <ListCard<Stream>
      title={t.title}
      query={usePart((platform) => platform.streams)}
      rowKey={(stream) => stream.name}
      empty={<EmptyState title={t.empty} hint={t.emptyHint} />}
      columns={[
        { title: common.name, dataIndex: 'name' },
        {
          title: t.messages,
          dataIndex: 'messages',
          align: 'right',
          render: (value: number) => formats.number(value),
        },
        {
          title: t.bytes,
          dataIndex: 'bytes',
          align: 'right',
          render: (value: number) => formats.bytes(value),
        },
        {
          title: t.limit,
          dataIndex: 'max_bytes',
          align: 'right',
          render: (value: number | null) => (value === null ? '–' : formats.bytes(value)),
        },
        {
          title: t.fill,
          key: 'fill',
          render: (_, stream) => <Fill name={stream.name} share={stream.fill} />,
        },
      ]}
    />
  );
}

function Fill({ name, share }: { name: string; share: number | null }) {
  const t = useTexts().platform.streams;
  const formats = useFormats();
  if (share === null) return <>–</>;
  return (
    <Progress
      aria-label={`${name}: ${t.fill}`}
      percent={Math.round(share * 1000) / 10}
      format={() => formats.percent(share)}
      size="small"
      style={{ width: 160 }}
    />
  );
}

function Spools() {
  const t = useTexts().platform.spool;
  const formats = useFormats();
  const bytes = (value: number | null) => (value === null ? '–' : formats.bytes(value));
  return (
    <ListCard<Spool>
      title={t.title}
      query={usePart((platform) => platform.spool)}
      rowKey={(spool) => spool.router}
      empty={<EmptyState title={t.empty} hint={t.emptyHint} />}
      columns={[
        { title: t.router, dataIndex: 'router' },
        { title: t.bytes, dataIndex: 'bytes', align: 'right', render: bytes },
        { title: t.limit, dataIndex: 'max_bytes', align: 'right', render: bytes },
        {
          title: t.oldest,
          dataIndex: 'oldest_age_s',
          align: 'right',
          render: (age: number | null) => (age === null ? '–' : formats.duration(age)),
        },
      ]}
    />
  );
}

function Logger() {
  const t = useTexts().platform.logger;
  const formats = useFormats();
  const { data } = useQuery(platformQuery);
  const logger = data?.inference_logger;
  if (!logger) return null;
  return (
    <Card size="small" title={t.title}>
      <Flex gap="large" wrap>
        <Statistic title={t.pending} value={logger.pending ?? '–'} />
        <Statistic title={t.unacked} value={logger.unacked ?? '–'} />
        <Statistic
          title={t.oldest}
          value={logger.oldest_age_s === null ? '–' : formats.duration(logger.oldest_age_s)}
        />
      </Flex>
    </Card>
  );
}

function Stores() {
  const t = useTexts().platform.stores;
  const formats = useFormats();
  return (
    <ListCard<Store>
      title={t.title}
      query={usePart((platform) => platform.stores)}
      rowKey={(store) => `${store.service} ${store.kind}`}
      empty={<EmptyState title={t.empty} hint={t.emptyHint} />}
      columns={[
        { title: t.service, dataIndex: 'service' },
        { title: t.kind, dataIndex: 'kind' },
        {
          title: t.bytes,
          dataIndex: 'bytes',
          align: 'right',
          render: (value: number | null) => (value === null ? '–' : formats.bytes(value)),
        },
      ]}
    />
  );
}
