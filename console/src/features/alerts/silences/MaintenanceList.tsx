import { useQuery } from '@tanstack/react-query';
import { editableProjects, useMay, useSession } from '@/api';
import { EditableList } from '@/components/list/EditableList';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { deleteMaintenance, type Maintenance, maintenanceQuery, useAlertWrite } from '../queries';
import { Comment } from './Comment';
import { MaintenanceForm } from './MaintenanceForm';

/** When nobody is to be told, since it is known: once, or by a schedule. */
export function MaintenanceList() {
  const { alerts: t, common } = useTexts();
  const may = useMay();
  const session = useSession();
  const query = useQuery(maintenanceQuery);
  const remove = useAlertWrite(deleteMaintenance);
  return (
    <EditableList<Maintenance>
      texts={{ title: t.parts.maintenance, empty: t.noMaintenance, emptyHint: t.noMaintenanceHint }}
      query={query}
      create={(session.is_admin || editableProjects(session).length > 0) && t.newMaintenance}
      mayChange={({ project }) => (project === null ? session.is_admin : may('editor', project))}
      form={(of, close) => <MaintenanceForm of={of} onClose={close} />}
      remove={{
        title: t.removeMaintenance,
        hint: t.removeMaintenanceHint,
        run: (of) => remove.mutateAsync(of),
      }}
      columns={[
        { title: common.name, dataIndex: 'name' },
        { title: t.of, key: 'of', render: (_, of) => of.service ?? of.project ?? t.everybody },
        { title: t.when, key: 'when', render: (_, of) => <When of={of} /> },
        { title: t.comment, key: 'comment', render: (_, of) => <Comment>{of.comment}</Comment> },
        { title: common.creator, dataIndex: 'creator' },
      ]}
    />
  );
}

function When({ of }: { of: Maintenance }) {
  const t = useTexts().alerts;
  const formats = useFormats();
  if (of.schedule !== null) {
    return (
      <>
        <code>{of.schedule}</code> UTC
        <div>{t.each(formats.span(of.duration ?? ''))}</div>
      </>
    );
  }
  return (
    <>
      <Timestamp at={of.starts_at} exact /> –
      <div>
        <Timestamp at={of.ends_at} exact />
      </div>
    </>
  );
}
