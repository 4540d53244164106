import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Alert, Button, Card, Flex, Skeleton } from 'antd';
import { useCallback, useState } from 'react';
import { asApiError } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTitle } from '@/components/page/useTitle';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';
import type { State } from './frames';
import { offerQuery, type PodPath } from './queries';
import { TerminalScreen } from './TerminalScreen';

/** A shell in one pod. */
export function Page() {
  const t = useTexts().terminal;
  const path = useParams({ from: '/services/$service/versions/$version/pods/$pod/terminal' });
  useTitle(`${t.title} · ${path.pod}`);
  return <PodTerminal key={path.pod} path={path} />;
}

function PodTerminal({ path }: { path: PodPath }) {
  const t = useTexts().terminal;
  const offer = useQuery(offerQuery(path));
  const [hasBegun, setHasBegun] = useState(false);
  if (offer.data?.available && !hasBegun) setHasBegun(true);
  // What was printed, and how it ended, stay on the screen while the pod does not run.
  if (hasBegun) return <Terminals path={path} />;
  if (offer.error) {
    return <ErrorNotice error={asApiError(offer.error)} retry={() => void offer.refetch()} />;
  }
  if (offer.data === undefined) return <Skeleton active />;
  return <EmptyState title={t.none} hint={offer.data.reason ?? ''} />;
}

const TONES: Record<State['kind'], Tone> = { connecting: 'busy', open: 'ok', ended: 'idle', refused: 'bad' };

function Terminals({ path }: { path: PodPath }) {
  const t = useTexts().terminal;
  const [state, setState] = useState<State>({ kind: 'connecting' });
  const [attempt, setAttempt] = useState(0);
  const again = useCallback(() => {
    setState({ kind: 'connecting' });
    setAttempt((count) => count + 1);
  }, []);
  const isOver = state.kind === 'ended' || state.kind === 'refused';
  return (
    <Card
      size="small"
      title={
        <Flex gap="small" align="center" wrap>
          <span style={{ overflowWrap: 'anywhere' }}>{t.of(path.pod)}</span>
          <span role="status">
            <ToneTag tone={TONES[state.kind]}>{t[state.kind]}</ToneTag>
          </span>
        </Flex>
      }
      extra={
        <Flex gap="small" align="center">
          <Link to="/services/$service/versions/$version" params={path}>
            {t.back}
          </Link>
          <AsCode forms={{ cli: `penstock pods exec -it ${path.service} ${path.version} ${path.pod}` }} />
        </Flex>
      }
    >
      {isOver && <Over state={state} again={again} />}
      <TerminalScreen key={attempt} path={path} label={t.of(path.pod)} onState={setState} />
      <div style={{ marginTop: 8 }}>
        {t.hint} {state.kind === 'open' && state.recorded && t.recorded}
      </div>
    </Card>
  );
}

function Over({ state, again }: { state: State; again: () => void }) {
  const t = useTexts().terminal;
  return (
    <Alert
      type={state.kind === 'refused' ? 'error' : 'info'}
      showIcon
      style={{ marginBottom: 8 }}
      title={sentence(state, t)}
      action={
        <Button size="small" onClick={again}>
          {t.again}
        </Button>
      }
    />
  );
}

function sentence(state: State, t: ReturnType<typeof useTexts>['terminal']): string {
  if (state.kind === 'refused') return state.message || t.lost;
  if (state.kind !== 'ended') return '';
  if (state.message !== null) return state.message;
  if (state.exitCode !== null) return t.exitCode(state.exitCode);
  return state.signal === null ? t.lost : t.bySignal(state.signal);
}
