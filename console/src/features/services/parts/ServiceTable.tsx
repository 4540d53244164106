import { useQuery } from '@tanstack/react-query';
import { Skeleton, Table } from 'antd';
import { memo, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { EmptyState } from '@/components/page/EmptyState';
import type { SearchSetter } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import type { Filters, PARAMS } from '../filters';
import { type Service, type ServicePage, summariesQuery } from '../queries';
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
/** Height of a row: as many as the window holds are painted first, those below them when there is time. */
const ROW_PX = 61;

export function ServiceTable(
  props: Omit<Shown, 'services'> & { page: ServicePage | undefined; isLoading: boolean },
) {
  const { isLoading, page, ...shown } = props;
  const names = useMemo(() => page?.items.map((service) => service.name) ?? [], [page]);
  const { data: summaries } = useQuery(summariesQuery(names));
  const services = usePainted(page, isLoading);
  return (
    <Summaries.Provider value={summaries}>
      <div aria-busy={isLoading} style={isLoading ? WAITING : undefined}>
        {page === undefined && isLoading ? <Skeleton active /> : <Rows services={services} {...shown} />}
      </div>
    </Summaries.Provider>
  );
}

/**
 * The services in view, those below them when there is time. While a page of other filters is on its way there are no
 * more than before; news of the same page leaves all of them where they are.
 */
function usePainted(page: ServicePage | undefined, isLoading: boolean): readonly Service[] {
  const [whole, setWhole] = useState<Filters>();
  const later = useDeferredValue(isLoading ? whole : page?.filters, undefined);
  useEffect(() => setWhole(later), [later]);
  const isWhole = later === page?.filters;
  return useMemo(() => {
    const services = page?.items ?? NOTHING;
    return isWhole ? services : services.slice(0, Math.ceil(window.innerHeight / ROW_PX));
  }, [isWhole, page]);
}

/** Rendered anew for other services only: a table of Ant Design's renders all of its rows whenever it is rendered. */
const Rows = memo(function Rows({ services, sort, setFilters }: Shown) {
  const t = useTexts().services;
  const columns = useColumns(sort);
  return (
    <Table<Service>
      size="small"
      rowKey="name"
      columns={columns}
      dataSource={services}
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
