import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';
import type { Alert, AlertState, Severity } from '../queries';

const SEVERITIES: Record<Severity, Tone> = { warning: 'warning', critical: 'bad' };
const STATES: Record<AlertState, Tone> = {
  open: 'bad',
  acknowledged: 'busy',
  silenced: 'idle',
  resolved: 'ok',
};

export function SeverityTag({ of }: { of: Severity }) {
  const t = useTexts().alerts;
  return <ToneTag tone={SEVERITIES[of]}>{t.severities[of]}</ToneTag>;
}

/** Open, or who takes care of it, or what keeps it quiet. */
export function StateTag({ of }: { of: Pick<Alert, 'state' | 'acknowledged_by' | 'silenced_by'> }) {
  const t = useTexts().alerts;
  const why = {
    open: null,
    acknowledged: of.acknowledged_by ? t.acknowledgedBy(of.acknowledged_by) : null,
    silenced: of.silenced_by ? t.silencedBy(of.silenced_by) : null,
    resolved: null,
  }[of.state];
  return (
    <ToneTag tone={STATES[of.state]} hint={why}>
      {t.states[of.state]}
    </ToneTag>
  );
}
