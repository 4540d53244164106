import { Flex } from 'antd';
import { Sparkline } from '@/components/chart/Sparkline';
import { useFormats, useTexts } from '@/i18n';
import type { Summary } from '../queries';

/** Requests a second now, and over the last 15 minutes. */
export function Requests({ summary }: { summary: Summary | undefined }) {
  const t = useTexts().services;
  const formats = useFormats();
  if (summary === undefined || summary.requests_per_second === null) return <>–</>;
  const rate = formats.number(summary.requests_per_second, 2);
  return (
    <Flex gap="small" align="center">
      <Sparkline values={summary.sparkline.values} label={t.sparkline(rate)} />
      {rate}
    </Flex>
  );
}

export function Latency({ summary }: { summary: Summary | undefined }) {
  const formats = useFormats();
  return <>{summary?.latency_p99_ms == null ? '–' : formats.milliseconds(summary.latency_p99_ms)}</>;
}
