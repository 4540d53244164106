import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';
import type { Erasure } from './queries';

const TONES: Record<Erasure['status'], Tone> = { accepted: 'idle', running: 'busy', finished: 'ok' };

export function ErasureStatus({ of }: { of: Erasure }) {
  const t = useTexts().erasures.statuses;
  return (
    <ToneTag tone={TONES[of.status]} hint={of.receipt?.waiting_for}>
      {t[of.status]}
    </ToneTag>
  );
}
