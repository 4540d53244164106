import { useQuery } from '@tanstack/react-query';
import { useColumnNames } from '@/components/column/names';
import { Muted } from '@/components/text/Muted';
import { useFormats, useTexts } from '@/i18n';
import { subjectText, worstVerdict } from '../one/heat';
import { lastVerdictsQuery, type Rule, type Verdict } from '../queries';
import { WindowMarks } from './WindowMarks';

/** The last windows as marks, and the worst value of the newest against what it was held to. */
export function LastWindows({ of }: { of: Rule }) {
  const t = useTexts().quality;
  const { data, isLoading } = useQuery(lastVerdictsQuery(of));
  if (isLoading) return null;
  const last = worstVerdict(data ?? []);
  if (last === undefined) return <Muted>{t.noWindow}</Muted>;
  return (
    <div style={{ minWidth: 192, maxWidth: 230 }}>
      <WindowMarks verdicts={data ?? []} />
      <Value of={of} last={last} />
    </div>
  );
}

function Value({ of, last }: { of: Rule; last: Verdict }) {
  const t = useTexts().quality;
  const formats = useFormats();
  const nameOf = useColumnNames(of.service);
  const said = (value: number | null | undefined) => (value == null ? '–' : formats.number(value, 4));
  const threshold = last.threshold ?? of.warning ?? of.critical;
  return (
    <>
      <b style={{ fontVariantNumeric: 'tabular-nums' }}>{said(last.value)}</b>{' '}
      {threshold != null && <Muted>{t.ofThreshold(said(threshold))}</Muted>}
      <Muted isLine>{last.reason ?? subjectText(last, nameOf)}</Muted>
    </>
  );
}
