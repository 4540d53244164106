import { Link } from '@tanstack/react-router';
import type { TableColumnsType } from 'antd';
import { useSession } from '@/api';
import { Muted } from '@/components/text/Muted';
import { StatusTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import type { Filters } from '../filters';
import type { Service, Summary } from '../queries';
import { reasonOf } from '../reasons';
import { RowActions } from './RowActions';
import { SplitBar } from './SplitBar';
import { Latency, Requests } from './Traffic';

export function useColumns(
  summaries: ReadonlyMap<string, Summary> | undefined,
  sort: Filters['sort'],
): TableColumnsType<Service> {
  const { services: t, common } = useTexts();
  const hasProjects = Object.keys(useSession().roles).length > 1;
  return [
    {
      title: common.name,
      key: 'name',
      fixed: 'left',
      render: (_, service) => <NameCell service={service} />,
    },
    {
      title: common.status,
      key: 'status',
      render: (_, service) => <StatusTag status={service.status} reason={reasonOf(service)} />,
    },
    { title: common.type, dataIndex: 'type' },
    {
      title: t.versions,
      key: 'versions',
      align: 'right',
      render: (_, service) => `${service.running_versions}/${service.total_versions}`,
    },
    { title: t.traffic, key: 'traffic', render: (_, service) => <SplitBar versions={service.versions} /> },
    {
      title: t.requests,
      key: 'requests',
      render: (_, { name }) => <Requests summary={summaries?.get(name)} />,
    },
    {
      title: t.p99,
      key: 'p99',
      align: 'right',
      render: (_, { name }) => <Latency summary={summaries?.get(name)} />,
    },
    ...(hasProjects ? [{ title: common.project, dataIndex: 'project' }] : []),
    { title: common.creator, dataIndex: 'creator' },
    {
      title: common.created,
      key: 'created_at',
      sorter: true,
      sortOrder: sort === 'created_at' ? 'ascend' : 'descend',
      sortDirections: ['ascend', 'descend', 'ascend'],
      render: (_, service) => <Timestamp at={service.created_at} />,
    },
    {
      title: common.actions,
      key: 'actions',
      fixed: 'right',
      render: (_, service) => <RowActions service={service} />,
    },
  ];
}

function NameCell({ service }: { service: Service }) {
  return (
    <div style={{ maxWidth: 220 }}>
      <Link to="/services/$service" params={{ service: service.name }}>
        {service.name}
      </Link>
      {service.description !== '' && <Muted isLine>{service.description}</Muted>}
    </div>
  );
}
