import { useQuery } from '@tanstack/react-query';
import { Flex, Skeleton, Typography, theme } from 'antd';
import { asApiError } from '@/api';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { useNow } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { type Pod, timelineQuery } from '../queries';
import { type Bar, barsOf, type Phase, type Timeline, totalSeconds } from './timeline';

/** From placed to ready: what a start was spent on, and what is slow. */
export function StartTimeline({ pod }: { pod: Pod }) {
  const t = useTexts().versions;
  const { data, error, refetch } = useQuery(timelineQuery(pod));
  if (error) return <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />;
  if (data === undefined) return <Skeleton active />;
  if (data.phases.length === 0) return <EmptyState title={t.noTimeline} />;
  return <Phases timeline={data} />;
}

function Phases({ timeline }: { timeline: Timeline }) {
  const t = useTexts().versions;
  const formats = useFormats();
  const now = useNow(timeline.state === 'starting' ? 500 : null);
  const total = formats.duration(totalSeconds(timeline, now));
  const words = { ready: t.total(total), starting: t.soFar(total), failed: t.startFailed };
  return (
    <section aria-label={t.timelineOf(timeline.pod)} style={{ maxWidth: 900, padding: '4px 0' }}>
      <Typography.Text strong>
        {t.timeline}: {words[timeline.state]}
      </Typography.Text>
      <ol style={{ listStyle: 'none', padding: 0, margin: '8px 0 0' }}>
        {barsOf(timeline, now).map((bar) => (
          <PhaseRow key={bar.phase.name} bar={bar} />
        ))}
      </ol>
    </section>
  );
}

const TONES: Record<Phase['state'], Tone> = { done: 'ok', running: 'busy', failed: 'bad', skipped: 'idle' };

function PhaseRow({ bar }: { bar: Bar }) {
  const t = useTexts().versions;
  const formats = useFormats();
  const { token } = theme.useToken();
  const { phase } = bar;
  return (
    <li style={{ marginBottom: 6 }}>
      <Flex gap="middle" align="center">
        <span style={{ width: 110 }}>{t.phases[phase.name]}</span>
        <span style={{ width: 90 }}>
          <ToneTag tone={TONES[phase.state]}>{t.phaseStates[phase.state]}</ToneTag>
        </span>
        <div style={{ flex: 1, height: 10, borderRadius: 5, background: token.colorFillSecondary }}>
          <div
            style={{
              height: '100%',
              borderRadius: 5,
              marginInlineStart: `${bar.offset * 100}%`,
              width: `max(${bar.width * 100}%, 3px)`,
              background: phase.state === 'failed' ? token.colorError : token.colorPrimary,
            }}
          />
        </div>
        <span style={{ width: 130, fontVariantNumeric: 'tabular-nums' }}>
          {formats.duration(bar.seconds)} {bar.isSlowest && <b>{t.slowest}</b>}
        </span>
      </Flex>
      {phase.detail && (
        <div style={{ marginInlineStart: 126, overflowWrap: 'anywhere', fontSize: token.fontSizeSM }}>
          {phase.detail}
        </div>
      )}
    </li>
  );
}
