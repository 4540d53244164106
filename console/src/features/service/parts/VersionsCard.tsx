import { Link } from '@tanstack/react-router';
import { Button, Card, Table } from 'antd';
import type { Service, Version } from '@/api';
import { TrafficBar } from '@/components/chart/TrafficBar';
import { EmptyState } from '@/components/page/EmptyState';
import { StatusTag } from '@/components/text/StatusTag';
import { sourceText } from '@/components/version/model/image';
import { useTexts } from '@/i18n';

export function VersionsCard({ service }: { service: Service }) {
  const { service: t, common } = useTexts();
  const toVersions = { to: '/services/$service/versions', params: { service: service.name } } as const;
  return (
    <Card
      size="small"
      title={t.versionsTitle}
      extra={
        <Link {...toVersions}>
          {t.versionsTitle} ({service.running_versions}/{service.total_versions})
        </Link>
      }
    >
      <Table<Version>
        size="small"
        rowKey="id"
        pagination={false}
        dataSource={[...service.versions].reverse().slice(0, 8)}
        scroll={{ x: 'max-content' }}
        locale={{
          emptyText: (
            <EmptyState title={t.noVersions} hint={t.noVersionsHint}>
              <Link {...toVersions} search={{ add: 'true' }}>
                <Button type="primary">{t.addVersion}</Button>
              </Link>
            </EmptyState>
          ),
        }}
        columns={[
          {
            title: common.name,
            render: (_, version) => (
              <Link
                to="/services/$service/versions/$version"
                params={{ service: service.name, version: version.name }}
              >
                {version.name}
              </Link>
            ),
          },
          {
            title: common.status,
            render: (_, version) => <StatusTag status={version.status} reason={version.message} />,
          },
          {
            title: t.model,
            render: (_, { model_source }) => sourceText(model_source),
          },
          {
            title: t.pods,
            render: (_, version) => `${version.ready_replicas}/${version.desired_replicas}`,
          },
          {
            title: t.traffic,
            render: (_, version) => (
              <TrafficBar share={version.traffic_weight} label={`${t.traffic} ${version.traffic_weight} %`} />
            ),
          },
        ]}
      />
    </Card>
  );
}
