import { DownloadOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Card, Flex, Segmented, Statistic } from 'antd';
import { useMemo } from 'react';
import { asApiError } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { PageHeader } from '@/components/page/PageHeader';
import { oneOf, useSearchState } from '@/components/page/useSearchState';
import { TimeRange } from '@/components/time/TimeRange';
import { isoRange, resolveRange, useTimeRange } from '@/components/time/timeRange';
import { useFormats, useTexts } from '@/i18n';
import { codeForms } from './code';
import { UsageTable } from './parts/UsageTable';
import { csvAddress, GRAINS, GROUPS, totalsOf, usageQuery } from './queries';

const PARAMS = { by: oneOf(GROUPS, 'service'), grain: oneOf(GRAINS, 'total') };

/** Hours and cost of what ran, and what ran without callers. */
export function Page() {
  const t = useTexts().usage;
  const formats = useFormats();
  const [range, setRange] = useTimeRange('7d');
  const [{ by, grain }, setSearch] = useSearchState(PARAMS);
  const filter = useMemo(
    () => ({ ...isoRange(resolveRange(range, Date.now())), groupBy: by, grain }),
    [range, by, grain],
  );
  const query = useQuery(usageQuery(filter));
  const totals = totalsOf(query.data ?? []);
  return (
    <>
      <PageHeader
        title={t.title}
        actions={
          <>
            <Button icon={<DownloadOutlined />} href={csvAddress(filter)} download="usage.csv">
              {t.csv}
            </Button>
            <AsCode forms={codeForms(filter)} />
          </>
        }
      />
      <Flex gap="middle" wrap style={{ marginBottom: 16 }}>
        <TimeRange value={range} onChange={setRange} spans={['24h', '7d', '30d']} />
        <Segmented
          aria-label={t.groupBy}
          value={by}
          options={GROUPS.map((value) => ({ value, label: t.groups[value] }))}
          onChange={(value) => setSearch({ by: value })}
        />
        <Segmented
          aria-label={t.grain}
          value={grain}
          options={GRAINS.map((value) => ({ value, label: t.grains[value] }))}
          onChange={(value) => setSearch({ grain: value })}
        />
      </Flex>
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      <Card size="small" style={{ marginBottom: 16 }}>
        <Flex gap="large">
          <Statistic title={t.podHours} value={formats.number(totals.podHours, 2)} />
          <Statistic title={t.cost} value={formats.money(totals.cost, totals.currency)} />
        </Flex>
      </Card>
      <UsageTable rows={query.data ?? []} by={by} isPending={query.isPending} />
    </>
  );
}
