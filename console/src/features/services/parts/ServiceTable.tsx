import { useQuery } from '@tanstack/react-query';
import { Skeleton, Table } from 'antd';
import { memo, useDeferredValue, useMemo } from 'react';
import { EmptyState } from '@/components/page/EmptyState';
import type { SearchSetter } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import type { Filters, PARAMS } from '../filters';
import { type Service, summariesQuery } from '../queries';
import { useColumns, widthOf } from './columns';
import { Summaries } from './summaries';

interface Shown {
  services: readonly Service[];
  sort: Filters['sort'];
  setFilters: SearchSetter<typeof PARAMS>;
}

/** Rows of the filter before, while those of another are on their way; a spinner over them would delay those. */
const WAITING = { opacity: 0.5 };
const NOTHING: readonly Service[] = [];
/** As many rows as a tall window shows: they are painted first, those below them when there is time. */
const IN_VIEW = 20;

export function ServiceTable(
  props: Omit<Shown, 'services'> & { services: readonly Service[] | undefined; isLoading: boolean },
) {
  const { isLoading, services = NOTHING, ...shown } = props;
  const names = useMemo(() => services.map((service) => service.name), [services]);
  const { data: summaries } = useQuery(summariesQuery(names));
  return (
    <Summaries.Provider value={summaries}>
      <div aria-busy={isLoading} style={isLoading ? WAITING : undefined}>
        {services === NOTHING && isLoading ? <Skeleton active /> : <Rows services={services} {...shown} />}
      </div>
    </Summaries.Provider>
  );
}

/** Rendered anew for other services only: a table of Ant Design's renders all of its rows whenever it is rendered. */
const Rows = memo(function Rows({ services, sort, setFilters }: Shown) {
  const t = useTexts().services;
  const columns = useColumns(sort);
  const isWhole = useDeferredValue(services, NOTHING) === services;
  const shown = useMemo(() => (isWhole ? services : services.slice(0, IN_VIEW)), [isWhole, services]);
  return (
    <Table<Service>
      size="small"
      rowKey="name"
      columns={columns}
      dataSource={shown}
      pagination={false}
      tableLayout="fixed"
      scroll={{ x: widthOf(columns) }}
      locale={{ emptyText: <EmptyState title={t.noMatch} hint={t.noMatchHint} /> }}
      onChange={(_pages, _filters, sorter) => {
        const order = Array.isArray(sorter) ? undefined : sorter.order;
        setFilters({ sort: order === 'ascend' ? 'created_at' : '-created_at', cursor: '' });
      }}
    />
  );
});
