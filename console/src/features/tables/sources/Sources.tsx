import { useQuery } from '@tanstack/react-query';
import { App, Button } from 'antd';
import { asApiError } from '@/api';
import { EditableList } from '@/components/list/EditableList';
import { CopyText } from '@/components/text/CopyText';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { deleteSource, runSource, type Source, sourcesQuery, useSourceWrite } from './queries';
import { Runs } from './Runs';
import { SourceForm } from './SourceForm';
import { SourceState } from './SourceState';

/** Where labels of a service are read from, and how each of these places does. */
export function Sources({ service, mayEdit }: { service: string; mayEdit: boolean }) {
  const { labelSources: t, common } = useTexts();
  const query = useQuery(sourcesQuery(service));
  const remove = useSourceWrite(deleteSource);
  return (
    <EditableList<Source>
      texts={t}
      query={query}
      create={mayEdit && t.create}
      mayChange={() => mayEdit}
      form={(of, close) => <SourceForm service={service} of={of} onClose={close} />}
      immediate={(of) => <RunNow of={of} />}
      dialogs={[{ label: t.runs, isForAll: true, content: (of, close) => <Runs of={of} onClose={close} /> }]}
      remove={{ title: t.remove, hint: t.removeHint, run: (of) => remove.mutateAsync(of) }}
      columns={[
        { title: common.name, dataIndex: 'name' },
        { title: t.state, key: 'state', render: (_, of) => <SourceState of={of} /> },
        { title: t.from, key: 'from', render: (_, of) => <From of={of} /> },
        { title: t.lastRun, key: 'last', render: (_, of) => <When of={of} /> },
      ]}
    />
  );
}

function From({ of }: { of: Source }) {
  const t = useTexts().labelSources;
  return (
    <>
      <div>{t.formats[of.format]}</div>
      {of.location && <CopyText text={of.location} />}
    </>
  );
}

function When({ of }: { of: Source }) {
  const t = useTexts().labelSources;
  return (
    <>
      <div>
        <Timestamp at={of.last_run?.ended_at} />
      </div>
      <Muted>
        {t.nextRun}: {of.schedule === null ? t.onlyByHand : <Timestamp at={of.next_run_at} />}
      </Muted>
    </>
  );
}

function RunNow({ of }: { of: Source }) {
  const t = useTexts().labelSources;
  const { message } = App.useApp();
  const run = useSourceWrite(runSource);
  const start = () =>
    run.mutate(of, {
      onSuccess: () => void message.success(t.started(of.name)),
      onError: (thrown) => void message.error(asApiError(thrown).message),
    });
  return (
    <Button size="small" loading={run.isPending} disabled={of.is_running === true} onClick={start}>
      {t.run}
    </Button>
  );
}
