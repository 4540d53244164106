import { Muted } from '@/components/text/Muted';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import type { Source } from './queries';

const TONES: Record<NonNullable<Source['state']>, Tone> = {
  ok: 'ok',
  failing: 'bad',
  waiting: 'idle',
  paused: 'idle',
  unknown: 'idle',
};

/** How a source does, and why, in a sentence. */
export function SourceState({ of }: { of: Source }) {
  const { labelSources: t, destinations } = useTexts();
  const state = of.state ?? 'unknown';
  return (
    <div style={{ minWidth: 180, maxWidth: 360, whiteSpace: 'normal' }}>
      <ToneTag tone={of.is_running ? 'busy' : TONES[state]}>
        {of.is_running ? t.running : t.states[state]}
      </ToneTag>{' '}
      {of.since && (
        <Muted>
          {destinations.since} <Timestamp at={of.since} />
        </Muted>
      )}
      {of.reason && <div>{of.reason}</div>}
    </div>
  );
}
