import { useQuery } from '@tanstack/react-query';
import { Card, Flex, Statistic } from 'antd';
import { asApiError } from '@/api';
import { Sparkline } from '@/components/chart/Sparkline';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useFormats, useTexts } from '@/i18n';
import { summaryQuery } from '../queries';

/** How much it is used at the moment, and how it does. */
export function TrafficCard({ service }: { service: string }) {
  const t = useTexts().service;
  const formats = useFormats();
  const { data: summary, error, isPending } = useQuery(summaryQuery(service));
  const shown = (value: number | null | undefined, write: (value: number) => string) =>
    value === null || value === undefined ? '–' : write(value);
  return (
    <Card size="small" title={t.lastMinutes} loading={isPending}>
      {error ? (
        <ErrorNotice error={asApiError(error)} />
      ) : (
        <Flex gap="large" wrap align="end">
          <Statistic
            title={t.requestsPerSecond}
            value={shown(summary?.requests_per_second, (value) => formats.number(value, 2))}
          />
          <Statistic title={t.p99} value={shown(summary?.latency_p99_ms, formats.milliseconds)} />
          <Statistic
            title={t.errorsPerSecond}
            value={shown(summary?.errors_per_second, (value) => formats.number(value, 2))}
          />
          {summary && <Sparkline values={summary.sparkline.values} label={t.lastMinutes} />}
        </Flex>
      )}
    </Card>
  );
}
