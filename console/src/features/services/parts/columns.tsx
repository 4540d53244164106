import { Link } from '@tanstack/react-router';
import type { TableColumnsType } from 'antd';
import { useMemo } from 'react';
import { useSession } from '@/api';
import { Muted } from '@/components/text/Muted';
import { StatusTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { type Texts, useTexts } from '@/i18n';
import type { Filters } from '../filters';
import type { Service } from '../queries';
import { reasonOf } from '../reasons';
import { RowActions } from './RowActions';
import { SplitBar } from './SplitBar';
import { Latency, Requests } from './Traffic';

/** The same columns each time, so that a cell is rendered anew for another service only. */
export function useColumns(sort: Filters['sort']): TableColumnsType<Service> {
  const texts = useTexts();
  const hasProjects = Object.keys(useSession().roles).length > 1;
  return useMemo(() => columns(texts, sort, hasProjects), [texts, sort, hasProjects]);
}

function columns(texts: Texts, sort: Filters['sort'], hasProjects: boolean): TableColumnsType<Service> {
  const { services: t, common } = texts;
  return [
    {
      title: common.name,
      key: 'name',
      width: 180,
      fixed: 'left',
      render: (_, service) => <NameCell service={service} />,
    },
    {
      title: common.status,
      key: 'status',
      width: 110,
      render: (_, service) => <StatusTag status={service.status} reason={reasonOf(service)} />,
    },
    { title: common.type, dataIndex: 'type', width: 64 },
    {
      title: t.versions,
      key: 'versions',
      width: 135,
      align: 'right',
      render: (_, service) => `${service.running_versions}/${service.total_versions}`,
    },
    {
      title: t.traffic,
      key: 'traffic',
      width: 135,
      render: (_, service) => <SplitBar versions={service.versions} />,
    },
    {
      title: t.requests,
      key: 'requests',
      width: 175,
      render: (_, { name }) => <Requests service={name} />,
    },
    {
      title: t.p99,
      key: 'p99',
      width: 70,
      align: 'right',
      render: (_, { name }) => <Latency service={name} />,
    },
    ...(hasProjects ? [{ title: common.project, dataIndex: 'project', width: 110 }] : []),
    { title: common.creator, dataIndex: 'creator', width: 90 },
    {
      title: common.created,
      key: 'created_at',
      width: 125,
      sorter: true,
      sortOrder: sort === 'created_at' ? 'ascend' : 'descend',
      sortDirections: ['ascend', 'descend', 'ascend'],
      render: (_, service) => <Timestamp at={service.created_at} />,
    },
    {
      title: common.actions,
      key: 'actions',
      width: 110,
      fixed: 'right',
      render: (_, service) => <RowActions service={service} />,
    },
  ];
}

/** Wide enough for all columns: with widths of their own they are not measured anew for each page. */
export function widthOf(columns: TableColumnsType<Service>): number {
  return columns.reduce((sum, { width }) => sum + Number(width), 0);
}

function NameCell({ service }: { service: Service }) {
  return (
    <>
      <Link to="/services/$service" params={{ service: service.name }}>
        {service.name}
      </Link>
      {service.description !== '' && <Muted isLine>{service.description}</Muted>}
    </>
  );
}
