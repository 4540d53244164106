import { useQuery } from '@tanstack/react-query';
import { Table } from 'antd';
import { useMemo } from 'react';
import { EmptyState } from '@/components/page/EmptyState';
import type { SearchSetter } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import type { Filters, PARAMS } from '../filters';
import { type Service, summariesQuery } from '../queries';
import { useColumns } from './columns';

export function ServiceTable(props: {
  services: readonly Service[];
  isLoading: boolean;
  filters: Filters;
  setFilters: SearchSetter<typeof PARAMS>;
}) {
  const t = useTexts().services;
  const names = useMemo(() => props.services.map((service) => service.name), [props.services]);
  const { data: summaries } = useQuery(summariesQuery(names));
  const columns = useColumns(summaries, props.filters.sort);
  return (
    <Table<Service>
      size="small"
      rowKey="name"
      columns={columns}
      dataSource={props.services}
      loading={props.isLoading}
      pagination={false}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: <EmptyState title={t.noMatch} hint={t.noMatchHint} /> }}
      onChange={(_pages, _filters, sorter) => {
        const order = Array.isArray(sorter) ? undefined : sorter.order;
        props.setFilters({ sort: order === 'ascend' ? 'created_at' : '-created_at', cursor: '' });
      }}
    />
  );
}
