import { RollbackOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { App, Button, Card, Flex, Table, Tag, Typography } from 'antd';
import { useState } from 'react';
import { asApiError, type Service, type Version } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { StatusTag } from '@/components/text/StatusTag';
import { useFormats, useTexts } from '@/i18n';
import { type LiveFigures, liveFigures } from '../live';
import { liveQuery, setSplit, useChanged } from '../queries';
import { allTo } from '../split';

interface Props {
  service: Service;
  /** Oldest first. */
  versions: readonly Version[];
  mayEdit: boolean;
}

/** Old and new side by side while both answer, with one click back. */
export function RolloutCard({ service, versions, mayEdit }: Props) {
  const t = useTexts().versions;
  const live = useQuery(liveQuery(service.name));
  return (
    <Card size="small" title={t.rollout}>
      <Flex vertical gap="small">
        <Typography.Text type="secondary">{t.rolloutHint}</Typography.Text>
        {live.error && <ErrorNotice error={asApiError(live.error)} />}
        <SideBySide
          versions={versions}
          figures={versions.map((version) => liveFigures(live.data ?? [], version.name))}
        />
        {mayEdit && <MoveAll service={service} versions={versions} />}
      </Flex>
    </Card>
  );
}

function SideBySide({
  versions,
  figures,
}: {
  versions: readonly Version[];
  figures: readonly LiveFigures[];
}) {
  const { versions: t, common } = useTexts();
  const formats = useFormats();
  const shown = (value: number | null | undefined, write: (value: number) => string) =>
    value === null || value === undefined ? '–' : write(value);
  const rows = versions.map((version, index) => ({ version, of: figures[index] }));
  return (
    <Table
      size="small"
      pagination={false}
      rowKey={(row) => row.version.id}
      dataSource={rows}
      columns={[
        {
          title: common.version,
          render: (_, { version }, index) => (
            <>
              <b>{version.name}</b> <Tag>{index === 0 ? t.oldOne : t.newOne}</Tag>
            </>
          ),
        },
        {
          title: common.status,
          render: (_, { version }) => <StatusTag status={version.status} reason={version.message} />,
        },
        {
          title: t.pods,
          render: (_, { version }) => t.podsReady(version.ready_replicas, version.desired_replicas),
        },
        { title: t.share, render: (_, { version }) => `${version.traffic_weight} %` },
        {
          title: t.requestsPerSecond,
          render: (_, { of }) => shown(of?.requestsPerSecond, (value) => formats.number(value, 2)),
        },
        { title: t.errorRate, render: (_, { of }) => shown(of?.errorRate, formats.percent) },
        { title: t.p99, render: (_, { of }) => shown(of?.p99Ms, formats.milliseconds) },
      ]}
    />
  );
}

function MoveAll({ service, versions }: { service: Service; versions: readonly Version[] }) {
  const t = useTexts().versions;
  const { message, modal } = App.useApp();
  const changed = useChanged(service.name);
  const [busy, setBusy] = useState<string | null>(null);
  const names = versions.map((version) => version.name);
  const [oldest, newest] = [names[0] ?? '', names.at(-1) ?? ''];
  const move = async (name: string) => {
    setBusy(name);
    try {
      // Without a revision: whatever somebody else has set meanwhile, this is what is to be now.
      await setSplit(service.name, { weights: allTo(name, names), fallback: service.fallback }, null);
      await changed();
      void message.success(t.moved(name));
    } catch (thrown) {
      modal.error({ title: t.rollout, content: <ErrorNotice error={asApiError(thrown)} />, icon: null });
    } finally {
      setBusy(null);
    }
  };
  const has = (name: string) => versions.find((version) => version.name === name)?.traffic_weight === 100;
  return (
    <Flex gap="small" wrap>
      <Button
        danger
        icon={<RollbackOutlined />}
        disabled={has(oldest)}
        loading={busy === oldest}
        onClick={() => void move(oldest)}
      >
        {t.backTo(oldest)}
      </Button>
      <Button disabled={has(newest)} loading={busy === newest} onClick={() => void move(newest)}>
        {t.finish(newest)}
      </Button>
    </Flex>
  );
}
