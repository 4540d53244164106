import { Muted } from '@/components/text/Muted';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import type { Channel } from './queries';

const TONES: Record<NonNullable<Channel['state']>, Tone> = {
  ok: 'ok',
  failing: 'warning',
  dead: 'bad',
  unknown: 'idle',
};

/** How a channel does, and why, in a sentence. */
export function ChannelState({ of }: { of: Channel }) {
  const t = useTexts().alerts;
  const formats = useFormats();
  const { state = 'unknown', waiting = 0 } = of;
  return (
    <div style={{ minWidth: 160, maxWidth: 230, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
      {of.paused ? (
        <ToneTag tone="draft">{t.paused}</ToneTag>
      ) : (
        <ToneTag tone={TONES[state]}>{t.channelStates[state]}</ToneTag>
      )}{' '}
      {of.since && (
        <Muted>
          {t.since} <Timestamp at={of.since} />
        </Muted>
      )}
      {of.reason && <div>{of.reason}</div>}
      {waiting > 0 && (
        <div>
          {t.waitingMessages(formats.number(waiting))} <Timestamp at={of.oldest_waiting_at} />
        </div>
      )}
      {state === 'dead' && <Muted>{t.deadHint}</Muted>}
    </div>
  );
}
