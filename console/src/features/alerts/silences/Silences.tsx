import { useQuery } from '@tanstack/react-query';
import { Button, Flex, Popconfirm } from 'antd';
import { useState } from 'react';
import { editableProjects, useMay, useSession } from '@/api';
import { ListCard } from '@/components/page/ListCard';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { endSilence, type Silence, silencesQuery, useAlertWrite } from '../queries';
import { Comment } from './Comment';
import { SilenceForm } from './SilenceForm';
import { matchersText } from './values';

const TONES: Record<Silence['state'], Tone> = { pending: 'draft', active: 'busy', expired: 'idle' };

/** What is told to nobody for a time. */
export function Silences() {
  const { alerts: t, common } = useTexts();
  const may = useMay();
  const session = useSession();
  const query = useQuery(silencesQuery);
  const [open, setOpen] = useState<'new' | Silence | null>(null);
  const own = editableProjects(session);
  const mayChange = ({ project, state }: Silence) =>
    state !== 'expired' && (project === null ? session.is_admin : may('editor', project));
  return (
    <>
      <ListCard<Silence>
        texts={{ title: t.parts.silences, empty: t.noSilences, emptyHint: t.noSilencesHint }}
        query={query}
        rowKey={({ id }) => id}
        actions={
          (session.is_admin || own.length > 0) && (
            <Button type="primary" onClick={() => setOpen('new')}>
              {t.newSilence}
            </Button>
          )
        }
        rowActions={(of) => mayChange(of) && <Actions of={of} edit={() => setOpen(of)} />}
        columns={[
          {
            title: t.state,
            key: 'state',
            render: (_, of) => <ToneTag tone={TONES[of.state]}>{t.silenceStates[of.state]}</ToneTag>,
          },
          { title: t.matchers, key: 'matchers', render: (_, of) => <Matchers of={of} /> },
          { title: t.comment, key: 'comment', render: (_, of) => <Comment>{of.comment}</Comment> },
          { title: t.whose, key: 'project', render: (_, of) => of.project ?? t.everybody },
          { title: t.startsAt, key: 'starts', render: (_, of) => <Timestamp at={of.starts_at} /> },
          { title: t.endsAt, key: 'ends', render: (_, of) => <Timestamp at={of.ends_at} /> },
          { title: common.creator, dataIndex: 'creator' },
        ]}
      />
      {open !== null && (
        <SilenceForm
          of={open === 'new' ? null : open}
          project={session.is_admin ? null : (own[0] ?? null)}
          matchers=""
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}

function Matchers({ of }: { of: Silence }) {
  return (
    <div style={{ maxWidth: 220, whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>
      <code>{matchersText(of.matchers)}</code>
    </div>
  );
}

function Actions({ of, edit }: { of: Silence; edit: () => void }) {
  const { alerts: t, common } = useTexts();
  const end = useAlertWrite(endSilence);
  return (
    <Flex gap="small">
      <Button size="small" onClick={edit}>
        {common.edit}
      </Button>
      <Popconfirm
        title={t.endSilenceHint}
        okText={t.endNow}
        cancelText={common.cancel}
        onConfirm={() => end.mutateAsync(of)}
      >
        <Button size="small" danger loading={end.isPending}>
          {t.endNow}
        </Button>
      </Popconfirm>
    </Flex>
  );
}
