import { Sparkline } from '@/components/chart/Sparkline';
import { useFormats, useTexts } from '@/i18n';
import { useSummary } from './summaries';

/** Requests a second now, and over the last 15 minutes. */
export function Requests({ service }: { service: string }) {
  const t = useTexts().services;
  const formats = useFormats();
  const summary = useSummary(service);
  if (summary === undefined || summary.requests_per_second === null) return <>–</>;
  const rate = formats.number(summary.requests_per_second, 2);
  return (
    <div style={{ display: 'flex', gap: 8, alignItems: 'center' }}>
      <Sparkline values={summary.sparkline.values} label={t.sparkline(rate)} />
      {rate}
    </div>
  );
}

export function Latency({ service }: { service: string }) {
  const formats = useFormats();
  const summary = useSummary(service);
  return <>{summary?.latency_p99_ms == null ? '–' : formats.milliseconds(summary.latency_p99_ms)}</>;
}
