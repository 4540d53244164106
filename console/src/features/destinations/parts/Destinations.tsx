import { useQuery } from '@tanstack/react-query';
import { Button, Flex } from 'antd';
import { useState } from 'react';
import { useMay, useSession } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { ListCard } from '@/components/page/ListCard';
import { CopyText } from '@/components/text/CopyText';
import { Muted } from '@/components/text/Muted';
import { useTexts } from '@/i18n';
import { type Destination, deleteDestination, destinationsQuery, useDestinationWrite } from '../queries';
import { DestinationForm } from './DestinationForm';
import { State, Waiting } from './State';
import { TestDialog } from './TestDialog';

type Open = { kind: 'new' } | { kind: 'edit' | 'test' | 'delete'; of: Destination } | null;

/** The installation's destinations and those of the user's projects. */
export function Destinations() {
  const { destinations: t, common } = useTexts();
  const may = useMay();
  const { is_admin: isAdmin, roles } = useSession();
  const query = useQuery(destinationsQuery);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const mayChange = ({ project }: Destination) => (project === null ? isAdmin : may('admin', project));
  const mayCreate = isAdmin || Object.values(roles).includes('admin');
  const isAnyones = (query.data ?? []).some(mayChange);
  const actions = (of: Destination) =>
    mayChange(of) && (
      <Flex gap="small">
        <Button size="small" onClick={() => setOpen({ kind: 'test', of })}>
          {t.test}
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
      <ListCard<Destination>
        texts={{ title: t.listTitle, empty: t.empty, emptyHint: t.emptyHint }}
        query={query}
        rowKey={({ name }) => name}
        actions={
          mayCreate && (
            <Button type="primary" onClick={() => setOpen({ kind: 'new' })}>
              {t.create}
            </Button>
          )
        }
        rowActions={isAnyones && actions}
        columns={[
          { title: common.name, dataIndex: 'name' },
          { title: t.state, key: 'state', render: (_, of) => <State of={of} /> },
          { title: t.waiting, key: 'waiting', render: (_, of) => <Waiting of={of} /> },
          { title: t.url, key: 'url', render: (_, of) => <Place of={of} /> },
          { title: t.whose, key: 'project', render: (_, of) => of.project ?? t.everybody },
          { title: t.secret, key: 'secret', render: (_, of) => of.secret ?? '–' },
        ]}
      />
      {open?.kind === 'new' && <DestinationForm of={null} onClose={close} />}
      {open?.kind === 'edit' && <DestinationForm of={open.of} onClose={close} />}
      {open?.kind === 'test' && <TestDialog name={open.of.name} onClose={close} />}
      {open?.kind === 'delete' && <Remove name={open.of.name} onClose={close} />}
    </>
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

function Remove({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useTexts().destinations;
  const remove = useDestinationWrite(deleteDestination);
  return (
    <ConfirmByName
      name={name}
      title={t.remove(name)}
      confirm={() => remove.mutateAsync(name)}
      onClose={onClose}
    >
      {t.removeHint}
    </ConfirmByName>
  );
}
