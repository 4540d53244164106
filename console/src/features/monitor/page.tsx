import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Col, Row, Skeleton, Typography } from 'antd';
import { useMemo } from 'react';
import { asApiError, lastEventsQuery } from '@/api';
import { SeriesChart } from '@/components/chart';
import { AsCode } from '@/components/code/AsCode';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useSearchState } from '@/components/page/useSearchState';
import { useTitle } from '@/components/page/useTitle';
import { isoRange, type Range, SPAN_S, useTimeRange } from '@/components/time/timeRange';
import { useFormats, useTexts } from '@/i18n';
import { METRICS, PLANS, seriesOf } from './charts';
import { codeForms } from './code';
import { marksOf } from './marks';
import { Controls } from './parts/Controls';
import { type Charts, type ChartsFilter, chartsQuery } from './queries';
import { type MonitorSearch, PARAMS } from './search';

const MOST_MARKS = 100;
const GROUPS = ['traffic', 'resources', 'instances'] as const;

/** Charts of a service over time, on one time axis and with one cursor. */
export function Page() {
  const { service } = useParams({ from: '/services/$service/monitor' });
  useTitle(`${useTexts().monitor.title} · ${service}`);
  const [range, setRange] = useTimeRange('1h');
  const [search, setSearch] = useSearchState(PARAMS);
  const filter = useMemo(() => filterOf(service, range, search), [service, range, search]);
  const query = useQuery(chartsQuery(filter));
  const zoom = (from: number, to: number) => setRange(isoRange({ from, to }));
  return (
    <>
      <Controls service={service} range={range} setRange={setRange} search={search} setSearch={setSearch} />
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton active />}
      {query.data && <ChartGroups service={service} charts={query.data} onZoom={zoom} />}
      <AsCode forms={codeForms(filter)} />
    </>
  );
}

function ChartGroups(props: { service: string; charts: Charts; onZoom: (from: number, to: number) => void }) {
  const t = useTexts().monitor;
  const formats = useFormats();
  const events = useQuery(lastEventsQuery(props.service, MOST_MARKS));
  const marks = useMemo(() => marksOf(events.data ?? []), [events.data]);
  const { charts } = props;
  return GROUPS.map((group) => (
    <section key={group} aria-label={t.groups[group]} style={{ marginBottom: 16 }}>
      <Typography.Title level={2} style={{ fontSize: 16 }}>
        {t.groups[group]}
      </Typography.Title>
      <Row gutter={[12, 12]}>
        {PLANS.filter((plan) => plan.group === group).map((plan) => (
          <Col key={plan.key} xs={24} lg={12} xxl={8}>
            <SeriesChart
              title={t.charts[plan.key]}
              from={Date.parse(charts.from)}
              stepS={charts.step_s}
              series={seriesOf(plan, charts, t)}
              format={plan.format(formats)}
              marks={marks}
              syncKey="monitor"
              onZoom={props.onZoom}
            />
          </Col>
        ))}
      </Row>
    </section>
  ));
}

function filterOf(service: string, range: Range, search: MonitorSearch): ChartsFilter {
  const spanS = 'span' in range ? SPAN_S[range.span] : null;
  const isLive = search.step === '10' && spanS === SPAN_S['1h'];
  const step = search.step === 'auto' || (search.step === '10' && !isLive) ? null : Number(search.step);
  const [from, to] = 'span' in range ? [null, null] : [range.from, range.to];
  const { by, version, pod } = search;
  return { service, metrics: METRICS, from, to, spanS, step, by, version, pod };
}
