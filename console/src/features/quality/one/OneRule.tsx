import { useQuery } from '@tanstack/react-query';
import { Flex, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { useColumnNames } from '@/components/column/names';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { text, useSearchState } from '@/components/page/useSearchState';
import { TimeRange } from '@/components/time/TimeRange';
import { useTimeRange } from '@/components/time/timeRange';
import { useTexts } from '@/i18n';
import { DistributionCard } from '../distribution/DistributionCard';
import { metricOf } from '../metrics';
import { type Rule, rulesQuery, verdictsQuery } from '../queries';
import { HeatMap } from './HeatMap';
import { chosenOf, heatOf, type Row, subjectText } from './heat';
import { RuleHeader } from './RuleHeader';
import { WindowsChart } from './WindowsChart';
import { WindowsTable } from './WindowsTable';

const PARAMS = { column: text(), end: text() };

/** One rule over time. */
export function OneRule({ service, name, mayEdit }: { service: string; name: string; mayEdit: boolean }) {
  const t = useTexts().quality;
  const { data: rules, error, refetch } = useQuery(rulesQuery(service));
  const rule = rules?.find((one) => one.name === name);
  if (error) return <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />;
  if (rules === undefined) return <Skeleton active />;
  if (rule === undefined) return <EmptyState title={t.gone(name)} hint={t.goneHint} />;
  return <Shown rule={rule} mayEdit={mayEdit} />;
}

function Shown({ rule, mayEdit }: { rule: Rule; mayEdit: boolean }) {
  const t = useTexts().quality;
  const [range, setRange] = useTimeRange('24h');
  const [search, setSearch] = useSearchState(PARAMS);
  const query = useQuery(verdictsQuery(rule, range));
  const verdicts = query.data ?? [];
  const heat = heatOf(verdicts);
  const named = useColumnNames(rule.service);
  const nameOf = (of: Pick<Row, 'column' | 'slice'>) => subjectText(of, named) || t.wholeService;
  const isOfColumns = metricOf(rule.kind, rule.metric)?.isOfColumns === true;
  const shown = isOfColumns ? chosenOf(heat, search) : null;
  const choose = (column: string, end: string) => setSearch({ column, end }, { push: true });
  return (
    <Flex vertical gap="middle">
      <RuleHeader rule={rule} range={range} mayEdit={mayEdit} />
      <TimeRange value={range} onChange={setRange} spans={['1h', '24h', '7d', '30d']} />
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton active />}
      {query.data?.length === 0 && <EmptyState title={t.noWindows} hint={t.noWindowsHint} />}
      {(heat.rows.length > 1 || isOfColumns) && heat.rows.length > 0 && (
        <HeatMap heat={heat} nameOf={nameOf} chosen={search} choose={choose} />
      )}
      {shown && <DistributionCard rule={rule} {...shown} />}
      {verdicts.length > 0 && (
        <WindowsChart
          rule={rule}
          verdicts={verdicts}
          subjects={heat.rows}
          nameOf={nameOf}
          column={search.column}
          choose={(column) => setSearch({ column })}
        />
      )}
      {verdicts.length > 0 && (
        <WindowsTable
          rule={rule}
          verdicts={verdicts}
          chosen={search}
          nameOf={nameOf}
          choose={isOfColumns ? choose : null}
          clear={() => setSearch({ column: '', end: '' })}
        />
      )}
    </Flex>
  );
}
