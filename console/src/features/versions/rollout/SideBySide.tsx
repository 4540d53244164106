import { Table, Tag } from 'antd';
import type { Version } from '@/api';
import { StatusTag } from '@/components/text/StatusTag';
import { useFormats, useTexts } from '@/i18n';
import type { LiveFigures } from './live';

export function SideBySide({
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
