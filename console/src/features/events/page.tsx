import { useInfiniteQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Button, Flex } from 'antd';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { listOf, text, useSearchState } from '@/components/page/useSearchState';
import { useTitle } from '@/components/page/useTitle';
import { useTexts } from '@/i18n';
import { matches } from './filter';
import { EventFilters } from './parts/EventFilters';
import { EventsTable } from './parts/EventsTable';
import { eventsQuery, type Kind, type Level } from './queries';

const PARAMS = {
  version: text(),
  level: listOf<Level>(['error', 'warning', 'info']),
  kind: listOf<Kind>(['service', 'version', 'pod']),
  q: text(),
};

export function Page() {
  const texts = useTexts();
  const { service } = useParams({ from: '/services/$service/events' });
  useTitle(`${texts.events.title} · ${service}`);
  const [search, setSearch] = useSearchState(PARAMS);
  const events = useInfiniteQuery(eventsQuery(service, search.version));
  const all = events.data?.pages.flatMap((page) => page.items);
  return (
    <Flex vertical gap="middle">
      <EventFilters service={service} value={search} onChange={setSearch} />
      {events.error && <ErrorNotice error={asApiError(events.error)} retry={() => void events.refetch()} />}
      <EventsTable
        service={service}
        events={all?.filter((event) => matches(event, search))}
        isFiltered={all !== undefined && all.length > 0}
        onClear={() => setSearch({ level: [], kind: [], q: '' })}
      />
      {events.hasNextPage && (
        <Button
          style={{ alignSelf: 'center' }}
          loading={events.isFetchingNextPage}
          onClick={() => void events.fetchNextPage()}
        >
          {texts.common.loadMore}
        </Button>
      )}
    </Flex>
  );
}
