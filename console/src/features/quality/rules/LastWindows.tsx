import { useQuery } from '@tanstack/react-query';
import { Muted } from '@/components/text/Muted';
import { useFormats, useTexts } from '@/i18n';
import { subjectOf, worstVerdict } from '../one/heat';
import { lastVerdictsQuery, type Rule } from '../queries';
import { WindowMarks } from './WindowMarks';

export function LastWindows({ of }: { of: Rule }) {
  const { data } = useQuery(lastVerdictsQuery(of));
  return <WindowMarks verdicts={data ?? []} />;
}

/** The worst value of the last window against what it was held to. */
export function LastValue({ of }: { of: Rule }) {
  const t = useTexts().quality;
  const formats = useFormats();
  const { data, isLoading } = useQuery(lastVerdictsQuery(of));
  if (isLoading) return null;
  const last = worstVerdict(data ?? []);
  if (last === undefined) return <Muted>{t.noWindow}</Muted>;
  const said = (value: number | null | undefined) => (value == null ? '–' : formats.number(value, 4));
  const threshold = last.threshold ?? of.warning ?? of.critical;
  return (
    <div style={{ maxWidth: 220 }}>
      <b style={{ fontVariantNumeric: 'tabular-nums' }}>{said(last.value)}</b>{' '}
      {threshold != null && <Muted>{t.ofThreshold(said(threshold))}</Muted>}
      <Muted isLine>{last.reason ?? subjectOf(last)}</Muted>
    </div>
  );
}
