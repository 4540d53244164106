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

/** A cell is rendered anew for another service only: what else it shows (texts, traffic) it reads itself. */
const ONE_SERVICE = { shouldCellUpdate: (now: Service, before: Service) => now !== before };

export function useColumns(sort: Filters['sort']): TableColumnsType<Service> {
  const texts = useTexts();
  const hasProjects = Object.keys(useSession().roles).length > 1;
  return useMemo(
    () => columns(texts, sort, hasProjects).map((column) => ({ ...ONE_SERVICE, ...column })),
    [texts, sort, hasProjects],
  );
}

function columns(texts: Texts, sort: Filters['sort'], hasProjects: boolean): TableColumnsType<Service> {
  const { services: t, common } = texts;
  return [
    {
      title: common.name,
      key: 'name',
      width: 140,
      fixed: 'left',
      render: (_, service) => <NameCell service={service} />,
    },
    {
      title: common.status,
      key: 'status',
      width: 104,
      render: (_, service) => <StatusTag status={service.status} reason={reasonOf(service)} />,
    },
    {
      title: hasProjects ? common.project : common.type,
      key: 'type',
      width: hasProjects ? 96 : 56,
      render: (_, service) => <TypeCell service={service} hasProject={hasProjects} />,
    },
    {
      title: t.versions,
      key: 'versions',
      width: 132,
      align: 'right',
      render: (_, service) => `${service.running_versions}/${service.total_versions}`,
    },
    {
      title: t.traffic,
      key: 'traffic',
      width: 112,
      render: (_, service) => <SplitBar versions={service.versions} />,
    },
    {
      title: t.requests,
      key: 'requests',
      width: 144,
      render: (_, { name }) => <Requests service={name} />,
    },
    {
      title: t.p99,
      key: 'p99',
      width: 66,
      align: 'right',
      render: (_, { name }) => <Latency service={name} />,
    },
    {
      title: common.created,
      key: 'created_at',
      width: 118,
      sorter: true,
      sortOrder: sort === 'created_at' ? 'ascend' : 'descend',
      sortDirections: ['ascend', 'descend', 'ascend'],
      render: (_, service) => <CreatedCell service={service} />,
    },
    {
      title: common.actions,
      key: 'actions',
      width: 104,
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

function TypeCell({ service, hasProject }: { service: Service; hasProject: boolean }) {
  if (!hasProject) return <>{service.type}</>;
  return (
    <>
      {service.project}
      <Muted isLine>{service.type}</Muted>
    </>
  );
}

function CreatedCell({ service }: { service: Service }) {
  return (
    <>
      <Timestamp at={service.created_at} />
      <Muted isLine>{service.creator}</Muted>
    </>
  );
}
