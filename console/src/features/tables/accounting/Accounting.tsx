import { useQuery } from '@tanstack/react-query';
import { Alert, Flex, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { SeriesChart } from '@/components/chart';
import { AsCode } from '@/components/code/AsCode';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { Muted } from '@/components/text/Muted';
import { TimeRange } from '@/components/time/TimeRange';
import { isoRange, useTimeRange } from '@/components/time/timeRange';
import { useFormats, useTexts } from '@/i18n';
import { type Account, droppedOf, filled, type Grid } from './account';
import { Balance } from './Balance';
import { codeForms } from './code';
import { accountingQuery } from './queries';
import { Reasons } from './Reasons';

/** What became of each request that was to be recorded: summed, over time, and why some have no row. */
export function Accounting({ service }: { service: string }) {
  const t = useTexts().accounting;
  const [range, setRange] = useTimeRange('24h');
  const query = useQuery(accountingQuery(service, range));
  const zoom = (from: number, to: number) => setRange(isoRange({ from, to }));
  return (
    <Flex vertical gap="middle">
      <Flex gap="middle" wrap align="center">
        <TimeRange value={range} onChange={setRange} spans={['1h', '24h', '7d', '30d']} />
        <Muted>{t.intro}</Muted>
      </Flex>
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton active />}
      {query.data && <Whole {...query.data} onZoom={zoom} />}
      {query.data && (
        <div>
          <AsCode forms={codeForms(service, query.data.grid)} />
        </div>
      )}
    </Flex>
  );
}

function Whole(props: { account: Account; grid: Grid; onZoom: (from: number, to: number) => void }) {
  const t = useTexts().accounting;
  const formats = useFormats();
  const { grid, account } = props;
  const { items, total } = account;
  if (total.accepted === 0) return <EmptyState title={t.none} hint={t.noneHint} />;
  return (
    <>
      {total.missing > 0 && (
        <Alert
          type="error"
          showIcon
          title={t.missingTitle(formats.number(total.missing))}
          description={t.missingHint}
        />
      )}
      <Balance total={total} />
      <SeriesChart
        title={t.title}
        from={grid.from}
        stepS={grid.stepS}
        series={[
          { label: t.accepted, values: filled(items, grid, (one) => one.accepted) },
          { label: t.stored, values: filled(items, grid, (one) => one.stored) },
          { label: t.dropped, values: filled(items, grid, droppedOf) },
          { label: t.onTheWay, values: filled(items, grid, (one) => one.on_the_way) },
          { label: t.missing, values: filled(items, grid, (one) => one.missing) },
        ]}
        format={(value) => formats.number(value)}
        onZoom={props.onZoom}
        height={260}
      />
      <Reasons total={total} />
    </>
  );
}
