import { useParams } from '@tanstack/react-router';
import { useSearchState } from '@/components/page/useSearchState';
import { useTitle } from '@/components/page/useTitle';
import { useTimeRange } from '@/components/time/timeRange';
import { useTexts } from '@/i18n';
import { PARAMS } from './address';
import { ContextDrawer } from './parts/ContextDrawer';
import { Followed } from './parts/Followed';
import { LogFilters } from './parts/LogFilters';
import { Stored } from './parts/Stored';

/** What the pods of a service print: stored lines of a range, or as they come. */
export function Page() {
  const t = useTexts().logs;
  const { service } = useParams({ from: '/services/$service/logs' });
  const [filters, setFilters] = useSearchState(PARAMS);
  const [range, setRange] = useTimeRange('1h');
  useTitle(`${t.title} · ${service}`);
  return (
    <>
      <LogFilters
        service={service}
        filters={filters}
        onChange={setFilters}
        range={range}
        onRange={setRange}
      />
      {filters.follow ? (
        <Followed service={service} filters={filters} />
      ) : (
        <Stored service={service} filters={filters} range={range} />
      )}
      <ContextDrawer service={service} line={filters.line} onClose={() => setFilters({ line: '' })} />
    </>
  );
}
