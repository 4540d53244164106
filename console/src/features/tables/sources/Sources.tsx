import { useQuery } from '@tanstack/react-query';
import { App, Button, Flex } from 'antd';
import { useState } from 'react';
import { asApiError } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { ListCard } from '@/components/page/ListCard';
import { CopyText } from '@/components/text/CopyText';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { deleteSource, runSource, type Source, sourcesQuery, useSourceWrite } from './queries';
import { Runs } from './Runs';
import { SourceForm } from './SourceForm';
import { SourceState } from './SourceState';

type Open = { kind: 'new' } | { kind: 'edit' | 'runs' | 'delete'; of: Source } | null;

/** Where labels of a service are read from, and how each of these places does. */
export function Sources({ service, mayEdit }: { service: string; mayEdit: boolean }) {
  const { labelSources: t, common } = useTexts();
  const query = useQuery(sourcesQuery(service));
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <>
      <ListCard<Source>
        texts={t}
        query={query}
        rowKey={({ name }) => name}
        actions={mayEdit && <Button onClick={() => setOpen({ kind: 'new' })}>{t.create}</Button>}
        rowActions={(of) => (
          <Flex gap="small" wrap>
            <Button size="small" onClick={() => setOpen({ kind: 'runs', of })}>
              {t.runs}
            </Button>
            {mayEdit && <RunNow of={of} />}
            {mayEdit && (
              <Button size="small" onClick={() => setOpen({ kind: 'edit', of })}>
                {common.edit}
              </Button>
            )}
            {mayEdit && (
              <Button size="small" danger onClick={() => setOpen({ kind: 'delete', of })}>
                {common.delete}
              </Button>
            )}
          </Flex>
        )}
        columns={[
          { title: common.name, dataIndex: 'name' },
          { title: t.state, key: 'state', render: (_, of) => <SourceState of={of} /> },
          {
            title: t.from,
            key: 'from',
            render: (_, of) => (
              <>
                <div>{t.formats[of.format]}</div>
                {of.location && <CopyText text={of.location} />}
              </>
            ),
          },
          { title: t.lastRun, key: 'last', render: (_, of) => <When of={of} /> },
        ]}
      />
      {open?.kind === 'new' && <SourceForm service={service} of={null} onClose={close} />}
      {open?.kind === 'edit' && <SourceForm service={service} of={open.of} onClose={close} />}
      {open?.kind === 'runs' && <Runs of={open.of} onClose={close} />}
      {open?.kind === 'delete' && <Remove of={open.of} onClose={close} />}
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

function Remove({ of, onClose }: { of: Source; onClose: () => void }) {
  const t = useTexts().labelSources;
  const remove = useSourceWrite(deleteSource);
  return (
    <ConfirmByName
      name={of.name}
      title={t.remove(of.name)}
      confirm={() => remove.mutateAsync(of)}
      onClose={onClose}
    >
      {t.removeHint}
    </ConfirmByName>
  );
}
