import { Alert, Steps } from 'antd';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { isOver, lastVerdict, stepsOf } from './figures';
import type { Canary, Phase } from './queries';

const TYPES: Record<Phase, 'info' | 'success' | 'warning' | 'error'> = {
  waiting: 'info',
  preflight: 'info',
  canary: 'info',
  held: 'warning',
  promoted: 'success',
  rolled_back: 'error',
  aborted: 'warning',
  error: 'error',
};

/** Where a canary is in one sentence with the next step, and the way that it goes. */
export function Way({ canary }: { canary: Canary }) {
  const { canary: t, components } = useTexts();
  const { shares, hasPreflight, current, state } = stepsOf(canary);
  const { version, stable, weight, phase } = canary;
  const waits = lastVerdict(canary)?.waits_for;
  const next = t.next[phase];
  return (
    <>
      <Alert
        type={TYPES[phase]}
        showIcon
        title={t.says[phase](version, stable ?? '–', weight)}
        description={
          <>
            {canary.reason && <div>{canary.reason}</div>}
            {!isOver(canary) && waits && waits !== canary.reason && <div>{waits}</div>}
            {next && (
              <div>
                <b>{components.nextStep}</b> {next}
              </div>
            )}
            {canary.stops_at && (
              <div>
                {t.stops(phase === 'promoted' ? (stable ?? '–') : version)} <Timestamp at={canary.stops_at} />
              </div>
            )}
          </>
        }
      />
      <Steps
        size="small"
        current={current}
        status={state}
        items={[
          ...(hasPreflight ? [{ title: t.preflight }] : []),
          ...shares.map((share, index) => ({
            title: `${share} %`,
            content: since(canary, index),
          })),
          { title: t.all },
        ]}
      />
    </>
  );
}

/** When a share began, as far as it has. */
function since(canary: Canary, step: number) {
  const share = canary.plan.steps?.[step];
  const stage = canary.stages.find(({ weight }) => weight === share);
  return stage === undefined ? null : <Timestamp at={stage.from_time} />;
}
