import { useQuery } from '@tanstack/react-query';
import { useMay, useSession } from '@/api';
import { EditableList } from '@/components/list/EditableList';
import { CopyText } from '@/components/text/CopyText';
import { Muted } from '@/components/text/Muted';
import { useTexts } from '@/i18n';
import { type Destination, deleteDestination, destinationsQuery, useDestinationWrite } from '../queries';
import { DestinationForm } from './DestinationForm';
import { DestinationTest } from './DestinationTest';
import { State, Waiting } from './State';

/** The installation's destinations and those of the user's projects. */
export function Destinations() {
  const { destinations: t, common } = useTexts();
  const may = useMay();
  const { is_admin: isAdmin, roles } = useSession();
  const query = useQuery(destinationsQuery);
  const remove = useDestinationWrite(deleteDestination);
  return (
    <EditableList<Destination>
      texts={{ title: t.listTitle, empty: t.empty, emptyHint: t.emptyHint }}
      query={query}
      create={(isAdmin || Object.values(roles).includes('admin')) && t.create}
      mayChange={({ project }) => (project === null ? isAdmin : may('admin', project))}
      form={(of, close) => <DestinationForm of={of} onClose={close} />}
      dialogs={[
        { label: t.test, content: (of, close) => <DestinationTest name={of.name} onClose={close} /> },
      ]}
      remove={{ title: t.remove, hint: t.removeHint, run: (of) => remove.mutateAsync(of) }}
      columns={[
        { title: common.name, dataIndex: 'name' },
        { title: t.state, key: 'state', render: (_, of) => <State of={of} /> },
        { title: t.waiting, key: 'waiting', render: (_, of) => <Waiting of={of} /> },
        { title: t.url, key: 'url', render: (_, of) => <Place of={of} /> },
        { title: t.whose, key: 'project', render: (_, of) => of.project ?? t.everybody },
        { title: t.secret, key: 'secret', render: (_, of) => of.secret ?? '–' },
      ]}
    />
  );
}

function Place({ of }: { of: Destination }) {
  return (
    <>
      <CopyText text={of.url} />
      {of.endpoint !== null && <Muted isLine>{of.endpoint}</Muted>}
    </>
  );
}
