import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button, Flex, Popconfirm } from 'antd';
import { ListCard } from '@/components/page/ListCard';
import { text, useSearchState } from '@/components/page/useSearchState';
import { Muted } from '@/components/text/Muted';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { cancelRetraining, type Retraining, type RunState, runsQuery, useRetrainingWrite } from '../queries';
import { RunDrawer } from './RunDrawer';
import { TriggerChoice } from './TriggerChoice';

const TONES: Record<RunState, Tone> = {
  requested: 'busy',
  started: 'busy',
  running: 'busy',
  succeeded: 'ok',
  failed: 'bad',
  cancelled: 'idle',
  refused: 'warning',
};
const PARAMS = { trigger: text(), run: text() };

/** What became of each retraining, the newest first. */
export function Runs({ service, mayEdit }: { service: string; mayEdit: boolean }) {
  const { retraining: t, common } = useTexts();
  const [search, setSearch] = useSearchState(PARAMS);
  const query = useInfiniteQuery(runsQuery(service, search.trigger));
  const all = query.data?.pages.flatMap((page) => page.items);
  const open = all?.find(({ id }) => id === search.run);
  return (
    <>
      <ListCard<Retraining>
        texts={{ title: t.listTitle, empty: t.noRuns, emptyHint: t.noRunsHint }}
        query={{ ...query, data: all }}
        rowKey={({ id }) => id}
        actions={
          <TriggerChoice
            service={service}
            value={search.trigger}
            onChange={(trigger) => setSearch({ trigger })}
          />
        }
        rowActions={(of) => (
          <Flex gap="small">
            <Button size="small" onClick={() => setSearch({ run: of.id }, { push: true })}>
              {t.details}
            </Button>
            {mayEdit && of.ended_at === null && <Cancel of={of} />}
          </Flex>
        )}
        columns={[
          { title: t.requested, key: 'at', render: (_, of) => <Timestamp at={of.requested_at} /> },
          { title: common.status, key: 'state', render: (_, of) => <State of={of} /> },
          { title: t.trigger, key: 'trigger', render: (_, of) => <Cause of={of} /> },
          { title: t.took, key: 'took', render: (_, of) => <Took of={of} /> },
          {
            title: t.result,
            key: 'result',
            render: (_, { model }) =>
              model === null ? (
                '–'
              ) : (
                <Link
                  to="/models/$model"
                  params={{ model: model.model }}
                >{`${model.model} ${model.version}`}</Link>
              ),
          },
        ]}
      />
      {query.hasNextPage && (
        <Button
          style={{ alignSelf: 'center' }}
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {common.loadMore}
        </Button>
      )}
      {open && <RunDrawer of={open} onClose={() => setSearch({ run: '' })} />}
    </>
  );
}

function State({ of }: { of: Retraining }) {
  const { retraining: t } = useTexts();
  return (
    <div style={{ maxWidth: 210, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
      <ToneTag tone={TONES[of.state]}>{of.is_cancelling ? t.cancelling : t.states[of.state]}</ToneTag>
      {of.message && <Muted isLine>{of.message}</Muted>}
    </div>
  );
}

function Cause({ of }: { of: Retraining }) {
  const { retraining: t } = useTexts();
  return (
    <div style={{ maxWidth: 200 }}>
      {of.trigger}
      <Muted isLine>{of.evidence.alert?.summary ?? of.evidence.note ?? t.causes[of.cause]}</Muted>
    </div>
  );
}

function Took({ of }: { of: Retraining }) {
  const formats = useFormats();
  if (of.started_at === null) return <>–</>;
  const end = of.ended_at === null ? Date.now() : Date.parse(of.ended_at);
  return <>{formats.duration(Math.max(0, (end - Date.parse(of.started_at)) / 1000))}</>;
}

function Cancel({ of }: { of: Retraining }) {
  const { retraining: t, common } = useTexts();
  const cancel = useRetrainingWrite(cancelRetraining);
  return (
    <Popconfirm
      title={t.cancelHint}
      okText={t.cancel}
      cancelText={common.close}
      onConfirm={() => cancel.mutateAsync(of)}
    >
      <Button size="small" danger disabled={of.is_cancelling} loading={cancel.isPending}>
        {t.cancel}
      </Button>
    </Popconfirm>
  );
}
