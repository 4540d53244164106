import { Link } from '@tanstack/react-router';
import { Button, Table, type TableProps } from 'antd';
import type { Service, Version } from '@/api';
import { TrafficBar } from '@/components/chart/TrafficBar';
import { EmptyState } from '@/components/page/EmptyState';
import { StatusTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { sourceText } from '@/components/version/model/image';
import { type Texts, useTexts } from '@/i18n';
import { VersionActions } from './actions/VersionActions';
import { resourcesText } from './texts';

interface Props {
  service: Service;
  mayEdit: boolean;
  onAdd: () => void;
}

export function VersionsTable(props: Props) {
  const texts = useTexts();
  const t = texts.versions;
  return (
    <Table<Version>
      size="small"
      rowKey="id"
      dataSource={[...props.service.versions].reverse()}
      columns={columnsOf(texts, props)}
      pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      locale={{
        emptyText: (
          <EmptyState title={t.emptyTitle} hint={t.emptyHint}>
            {props.mayEdit && (
              <Button type="primary" onClick={props.onAdd}>
                {t.add}
              </Button>
            )}
          </EmptyState>
        ),
      }}
    />
  );
}

function columnsOf(texts: Texts, { service, mayEdit }: Props): NonNullable<TableProps<Version>['columns']> {
  const { versions: t, common } = texts;
  return [
    {
      title: common.name,
      fixed: 'left',
      render: (_, version) => (
        <Link
          to="/services/$service/versions/$version"
          params={{ service: service.name, version: version.name }}
          title={version.id}
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
      title: common.description,
      render: (_, version) => (
        <div style={{ maxWidth: 220, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
          {version.description || '–'}
        </div>
      ),
    },
    {
      title: t.model,
      render: (_, { model_source }) => sourceText(model_source, true),
    },
    { title: t.resources, render: (_, version) => resourcesText(version, t) },
    { title: t.pods, render: (_, version) => `${version.ready_replicas}/${version.desired_replicas}` },
    {
      title: t.traffic,
      render: (_, version) => (
        <TrafficBar share={version.traffic_weight} label={`${t.traffic} ${version.traffic_weight} %`} />
      ),
    },
    { title: common.creator, dataIndex: 'creator' },
    { title: common.created, render: (_, version) => <Timestamp at={version.created_at} /> },
    { title: common.updated, render: (_, version) => <Timestamp at={version.updated_at} /> },
    {
      title: common.actions,
      fixed: 'right',
      render: (_, version) => (
        <VersionActions service={service} version={version} mayEdit={mayEdit} size="small" />
      ),
    },
  ];
}
