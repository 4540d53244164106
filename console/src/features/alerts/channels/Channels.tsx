import { useQuery } from '@tanstack/react-query';
import { useMay, useSession } from '@/api';
import { EditableList } from '@/components/list/EditableList';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useI18n, useTexts } from '@/i18n';
import { useAlertWrite } from '../queries';
import { matchersText } from '../silences/values';
import { ChannelForm } from './ChannelForm';
import { ChannelState } from './ChannelState';
import { ChannelTest } from './ChannelTest';
import { type Channel, channelsQuery, deleteChannel, kindsQuery } from './queries';

/** Where alerts are told, and how these places do. */
export function Channels() {
  const { alerts: t, common } = useTexts();
  const may = useMay();
  const { is_admin: isAdmin, roles } = useSession();
  const query = useQuery(channelsQuery);
  const remove = useAlertWrite(deleteChannel);
  return (
    <EditableList<Channel>
      texts={{ title: t.parts.channels, empty: t.noChannels, emptyHint: t.noChannelsHint }}
      query={query}
      create={(isAdmin || Object.values(roles).includes('admin')) && t.newChannel}
      mayChange={({ project }) => (project === null ? isAdmin : may('admin', project))}
      form={(of, close) => <ChannelForm of={of} onClose={close} />}
      dialogs={[
        { label: t.sendTest, content: (of, close) => <ChannelTest name={of.name} onClose={close} /> },
      ]}
      remove={{ title: t.removeChannel, hint: t.removeChannelHint, run: (of) => remove.mutateAsync(of) }}
      columns={[
        { title: common.name, key: 'name', render: (_, of) => <Name of={of} /> },
        { title: t.state, key: 'state', render: (_, of) => <ChannelState of={of} /> },
        { title: t.route, key: 'route', render: (_, of) => <Route of={of} /> },
        { title: t.lastSent, key: 'sent', render: (_, of) => <Timestamp at={of.last_sent_at} /> },
      ]}
    />
  );
}

function Name({ of }: { of: Channel }) {
  const t = useTexts().alerts;
  const { language } = useI18n();
  const { data: kinds } = useQuery(kindsQuery);
  const kind = kinds?.find((one) => one.kind === of.kind);
  return (
    <div style={{ minWidth: 100, maxWidth: 170, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
      {of.name}
      <Muted isLine>{`${kind?.name[language] ?? of.kind} · ${of.project ?? t.everybody}`}</Muted>
    </div>
  );
}

/** Which alerts it is told of. */
function Route({ of }: { of: Channel }) {
  const t = useTexts().alerts;
  const { min_severity: least = 'warning', matchers = [] } = of.route;
  return (
    <div style={{ maxWidth: 180, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
      {t.fromSeverity[least]}
      {matchers.length > 0 && (
        <div>
          <code>{matchersText(matchers).replaceAll('\n', ', ')}</code>
        </div>
      )}
    </div>
  );
}
