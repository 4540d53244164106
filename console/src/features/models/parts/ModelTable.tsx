import { Link } from '@tanstack/react-router';
import { Table, type TableColumnsType, Typography } from 'antd';
import type { ReactNode } from 'react';
import type { RegisteredModel } from '@/components/model/queries';
import { Timestamp } from '@/components/time/Timestamp';
import { type Texts, useTexts } from '@/i18n';
import { Aliases } from './Aliases';
import { PublishButton } from './PublishButton';

export function ModelTable(props: {
  models: readonly RegisteredModel[];
  registry: string;
  isLoading: boolean;
  empty: ReactNode;
}) {
  const t = useTexts().models;
  return (
    <Table<RegisteredModel>
      rowKey="name"
      size="middle"
      loading={props.isLoading}
      dataSource={[...props.models]}
      columns={columns(t, props.registry)}
      pagination={false}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: props.isLoading ? ' ' : props.empty }}
    />
  );
}

function columns(t: Texts['models'], registry: string): TableColumnsType<RegisteredModel> {
  return [
    {
      title: t.name,
      render: (_, { name }) => (
        <Link to="/models/$model" params={{ model: name }} search={registry ? { registry } : {}}>
          {name}
        </Link>
      ),
    },
    { title: t.latest, dataIndex: 'latest_version', render: (latest) => latest ?? '–' },
    { title: t.aliases, render: (_, { aliases }) => <Aliases aliases={aliases ?? {}} /> },
    {
      title: t.description,
      width: 360,
      render: (_, { description }) => (
        <Typography.Text ellipsis={{ tooltip: true }} style={{ maxWidth: 340 }}>
          {description}
        </Typography.Text>
      ),
    },
    { title: t.updated, render: (_, { updated_at }) => <Timestamp at={updated_at} /> },
    {
      title: '',
      key: 'publish',
      render: (_, { name, latest_version }) =>
        latest_version && <PublishButton model={name} version={latest_version} registry={registry} />,
    },
  ];
}
