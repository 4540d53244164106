import { useQuery } from '@tanstack/react-query';
import { Button, Flex } from 'antd';
import { useState } from 'react';
import { useMay, useSession } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { ListCard } from '@/components/page/ListCard';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useI18n, useTexts } from '@/i18n';
import { useAlertWrite } from '../queries';
import { matchersText } from '../silences/values';
import { ChannelForm } from './ChannelForm';
import { ChannelState } from './ChannelState';
import { type Channel, channelsQuery, deleteChannel, kindsQuery } from './queries';
import { TestDialog } from './TestDialog';

type Open = { kind: 'new' } | { kind: 'edit' | 'test' | 'delete'; of: Channel } | null;

/** Where alerts are told, and how these places do. */
export function Channels() {
  const { alerts: t, common } = useTexts();
  const may = useMay();
  const { is_admin: isAdmin, roles } = useSession();
  const query = useQuery(channelsQuery);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const mayChange = ({ project }: Channel) => (project === null ? isAdmin : may('admin', project));
  const actions = (of: Channel) =>
    mayChange(of) && (
      <Flex gap="small">
        <Button size="small" onClick={() => setOpen({ kind: 'test', of })}>
          {t.sendTest}
        </Button>
        <Button size="small" onClick={() => setOpen({ kind: 'edit', of })}>
          {common.edit}
        </Button>
        <Button size="small" danger onClick={() => setOpen({ kind: 'delete', of })}>
          {common.delete}
        </Button>
      </Flex>
    );
  return (
    <>
      <ListCard<Channel>
        texts={{ title: t.parts.channels, empty: t.noChannels, emptyHint: t.noChannelsHint }}
        query={query}
        rowKey={({ name }) => name}
        actions={
          (isAdmin || Object.values(roles).includes('admin')) && (
            <Button type="primary" onClick={() => setOpen({ kind: 'new' })}>
              {t.newChannel}
            </Button>
          )
        }
        rowActions={(query.data ?? []).some(mayChange) && actions}
        columns={[
          { title: common.name, key: 'name', render: (_, of) => <Name of={of} /> },
          { title: t.state, key: 'state', render: (_, of) => <ChannelState of={of} /> },
          { title: t.route, key: 'route', render: (_, of) => <Route of={of} /> },
          { title: t.lastSent, key: 'sent', render: (_, of) => <Timestamp at={of.last_sent_at} /> },
        ]}
      />
      {(open?.kind === 'new' || open?.kind === 'edit') && (
        <ChannelForm of={open.kind === 'edit' ? open.of : null} onClose={close} />
      )}
      {open?.kind === 'test' && <TestDialog name={open.of.name} onClose={close} />}
      {open?.kind === 'delete' && <Remove name={open.of.name} onClose={close} />}
    </>
  );
}

function Name({ of }: { of: Channel }) {
  const t = useTexts().alerts;
  const { language } = useI18n();
  const { data: kinds } = useQuery(kindsQuery);
  const kind = kinds?.find((one) => one.kind === of.kind);
  return (
    <>
      {of.name}
      <Muted isLine>{`${kind?.name[language] ?? of.kind} · ${of.project ?? t.everybody}`}</Muted>
    </>
  );
}

/** Which alerts it is told of. */
function Route({ of }: { of: Channel }) {
  const t = useTexts().alerts;
  const { min_severity: least = 'warning', matchers = [] } = of.route;
  return (
    <div style={{ maxWidth: 220, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
      {t.fromSeverity[least]}
      {matchers.length > 0 && (
        <div>
          <code>{matchersText(matchers).replaceAll('\n', ', ')}</code>
        </div>
      )}
    </div>
  );
}

function Remove({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useTexts().alerts;
  const remove = useAlertWrite(deleteChannel);
  return (
    <ConfirmByName
      name={name}
      title={t.removeChannel(name)}
      confirm={() => remove.mutateAsync(name)}
      onClose={onClose}
    >
      {t.removeChannelHint}
    </ConfirmByName>
  );
}
