import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';
import type { RuleState, VerdictState } from '../queries';

const TONES: Record<RuleState, Tone> = {
  ok: 'ok',
  warning: 'warning',
  critical: 'bad',
  insufficient_data: 'idle',
  error: 'bad',
  waiting: 'idle',
  paused: 'draft',
  unknown: 'idle',
};

/** How a rule or a window stands, with why on hover. */
export function RuleStateTag({ of, reason }: { of: RuleState; reason?: string | null | undefined }) {
  const t = useTexts().quality;
  return (
    <ToneTag tone={TONES[of]} hint={reason}>
      {t.states[of]}
    </ToneTag>
  );
}

/** Colour and sign of a state: never the colour alone. */
export const LOOKS: Record<VerdictState, { color: string; sign: string }> = {
  ok: { color: 'var(--ant-color-success)', sign: '' },
  warning: { color: 'var(--ant-color-warning)', sign: '!' },
  critical: { color: 'var(--ant-color-error)', sign: '×' },
  insufficient_data: { color: 'var(--ant-color-fill-secondary)', sign: '' },
  error: { color: 'var(--ant-color-fill)', sign: '?' },
};
