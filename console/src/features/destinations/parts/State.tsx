import { Muted } from '@/components/text/Muted';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import type { Destination } from '../queries';

type StateName = NonNullable<Destination['state']>;

const TONES: Record<StateName, Tone> = { ok: 'ok', failing: 'bad', unknown: 'idle' };

/** How a destination does, and why, in a sentence. */
export function State({ of }: { of: Destination }) {
  const t = useTexts().destinations;
  const state = of.state ?? 'unknown';
  return (
    <div style={{ minWidth: 200, maxWidth: 360, whiteSpace: 'normal' }}>
      <ToneTag tone={TONES[state]}>{t.states[state]}</ToneTag>{' '}
      {of.since && (
        <Muted>
          {t.since} <Timestamp at={of.since} />
        </Muted>
      )}
      {of.reason && <div>{of.reason}</div>}
      {of.writing === 'single' && (
        <div>
          {t.writing}: <Writing of={of} />
        </div>
      )}
    </div>
  );
}

export function Waiting({ of }: { of: Destination }) {
  const t = useTexts().destinations;
  const formats = useFormats();
  const [rows, tables] = [of.waiting_rows ?? 0, of.waiting_tables ?? 0];
  if (rows === 0 && tables === 0) return <>–</>;
  return <>{t.waitingRows(formats.number(rows), formats.number(tables))}</>;
}

export function Writing({ of }: { of: Pick<Destination, 'writing' | 'warning'> }) {
  const t = useTexts().destinations.writings;
  const writing = of.writing ?? 'unknown';
  if (writing !== 'single') return <>{t[writing]}</>;
  return (
    <ToneTag tone="warning" hint={of.warning}>
      {t.single}
    </ToneTag>
  );
}
