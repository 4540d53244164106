import { useQuery } from '@tanstack/react-query';
import { Form, Input, Segmented, Select } from 'antd';
import { editableProjects, isAllowed, useSession } from '@/api';
import { DurationField } from '@/components/form/DurationField';
import { NameField } from '@/components/form/NameFields';
import { DefinitionForm } from '@/components/review/DefinitionForm';
import { useTexts } from '@/i18n';
import {
  createMaintenance,
  type Maintenance,
  readMaintenance,
  replaceMaintenance,
  serviceNamesQuery,
  useAlertWrite,
} from '../queries';
import { MomentField } from './MomentField';
import { type MaintenanceValues, maintenanceOf, maintenanceValues, newMaintenanceOf } from './values';

/** Maintenance of a service, a project or everything, or other times of one. */
export function MaintenanceForm({ of, onClose }: { of: Maintenance | null; onClose: () => void }) {
  const { alerts: t } = useTexts();
  const session = useSession();
  const [project] = editableProjects(session);
  const scope = session.is_admin || project === undefined ? '' : `project ${project}`;
  const create = useAlertWrite((values: MaintenanceValues) => createMaintenance(newMaintenanceOf(values)));
  const replace = useAlertWrite(({ onto, values }: { onto: Maintenance; values: MaintenanceValues }) =>
    replaceMaintenance(onto, maintenanceOf(values)),
  );
  return (
    <DefinitionForm<Maintenance, MaintenanceValues>
      of={of}
      title={of === null ? t.newMaintenance : t.editMaintenance(of.name)}
      valuesOf={(maintenance) => maintenanceValues(maintenance, scope, Date.now())}
      create={(values) => create.mutateAsync(values)}
      replace={(onto, values) => replace.mutateAsync({ onto, values })}
      read={readMaintenance}
      definitionOf={maintenanceOf}
      onClose={onClose}
    >
      {of === null && (
        <>
          <NameField />
          <ScopeField />
        </>
      )}
      <Form.Item name="often" label={t.often}>
        <Segmented
          block
          options={(['once', 'again'] as const).map((value) => ({ value, label: t.oftens[value] }))}
        />
      </Form.Item>
      <Times />
      <Form.Item name="comment" label={t.comment}>
        <Input.TextArea rows={2} maxLength={4000} />
      </Form.Item>
    </DefinitionForm>
  );
}

function ScopeField() {
  const t = useTexts().alerts;
  const session = useSession();
  const { data: services, isPending } = useQuery(serviceNamesQuery);
  const own = (services ?? []).filter(({ project }) => isAllowed(session, 'editor', project));
  return (
    <Form.Item name="scope" label={t.of}>
      <Select
        showSearch
        loading={isPending}
        options={[
          ...(session.is_admin ? [{ value: '', label: t.everybody }] : []),
          ...editableProjects(session).map((name) => ({
            value: `project ${name}`,
            label: t.ofProject(name),
          })),
          ...own.map(({ name }) => ({ value: `service ${name}`, label: t.ofService(name) })),
        ]}
      />
    </Form.Item>
  );
}

function Times() {
  const t = useTexts().alerts;
  const often = Form.useWatch('often', Form.useFormInstance<MaintenanceValues>());
  if (often === 'once') {
    return (
      <>
        <MomentField name="starts_at" label={t.startsAt} hint={t.startsNow} />
        <MomentField name="ends_at" label={t.endsAt} needed={t.needed} />
      </>
    );
  }
  const needed = [{ required: true, message: t.needed }];
  return (
    <>
      <Form.Item name="schedule" label={t.schedule} extra={t.scheduleHint} rules={needed}>
        <Input spellCheck={false} autoComplete="off" maxLength={128} />
      </Form.Item>
      <DurationField name="duration" label={t.duration} needed={t.needed} />
      <MomentField name="starts_at" label={t.firstFrom} hint={t.startsNow} />
      <MomentField name="last_at" label={t.lastUntil} hint={t.forEver} />
    </>
  );
}
