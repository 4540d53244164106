import { useQuery } from '@tanstack/react-query';
import { Button, Flex } from 'antd';
import { useState } from 'react';
import { editableProjects, useMay, useSession } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { ListCard } from '@/components/page/ListCard';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { deleteMaintenance, type Maintenance, maintenanceQuery, useAlertWrite } from '../queries';
import { MaintenanceForm } from './MaintenanceForm';

type Open = { kind: 'new' } | { kind: 'edit' | 'delete'; of: Maintenance } | null;

/** When nobody is to be told, since it is known: once, or by a schedule. */
export function MaintenanceList() {
  const { alerts: t, common } = useTexts();
  const may = useMay();
  const session = useSession();
  const query = useQuery(maintenanceQuery);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const mayChange = ({ project }: Maintenance) =>
    project === null ? session.is_admin : may('editor', project);
  return (
    <>
      <ListCard<Maintenance>
        texts={{ title: t.parts.maintenance, empty: t.noMaintenance, emptyHint: t.noMaintenanceHint }}
        query={query}
        rowKey={({ name }) => name}
        actions={
          (session.is_admin || editableProjects(session).length > 0) && (
            <Button type="primary" onClick={() => setOpen({ kind: 'new' })}>
              {t.newMaintenance}
            </Button>
          )
        }
        rowActions={(of) =>
          mayChange(of) && (
            <Flex gap="small">
              <Button size="small" onClick={() => setOpen({ kind: 'edit', of })}>
                {common.edit}
              </Button>
              <Button size="small" danger onClick={() => setOpen({ kind: 'delete', of })}>
                {common.delete}
              </Button>
            </Flex>
          )
        }
        columns={[
          { title: common.name, dataIndex: 'name' },
          { title: t.of, key: 'of', render: (_, of) => of.service ?? of.project ?? t.everybody },
          { title: t.when, key: 'when', render: (_, of) => <When of={of} /> },
          { title: t.comment, dataIndex: 'comment' },
          { title: common.creator, dataIndex: 'creator' },
        ]}
      />
      {open?.kind === 'new' && <MaintenanceForm of={null} onClose={close} />}
      {open?.kind === 'edit' && <MaintenanceForm of={open.of} onClose={close} />}
      {open?.kind === 'delete' && <Remove name={open.of.name} onClose={close} />}
    </>
  );
}

function When({ of }: { of: Maintenance }) {
  const t = useTexts().alerts;
  if (of.schedule !== null) {
    return (
      <>
        <code>{of.schedule}</code> UTC, {t.each(of.duration ?? '')}
      </>
    );
  }
  return (
    <>
      <Timestamp at={of.starts_at} exact /> – <Timestamp at={of.ends_at} exact />
    </>
  );
}

function Remove({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useTexts().alerts;
  const remove = useAlertWrite(deleteMaintenance);
  return (
    <ConfirmByName
      name={name}
      title={t.removeMaintenance(name)}
      confirm={() => remove.mutateAsync(name)}
      onClose={onClose}
    >
      {t.removeMaintenanceHint}
    </ConfirmByName>
  );
}
