import { App, Checkbox } from 'antd';
import { useState } from 'react';
import { asApiError } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { useTexts } from '@/i18n';
import { type Service, useDeleteService } from '../queries';

export function DeleteService({ service, close }: { service: Service; close: () => void }) {
  const { services: t, common } = useTexts();
  const { message } = App.useApp();
  const [purgeTables, setPurgeTables] = useState(false);
  const remove = useDeleteService();
  const confirm = () =>
    remove.mutate(
      { service: service.name, purgeTables },
      {
        onSuccess: () => {
          void message.success(common.deleted);
          close();
        },
      },
    );
  return (
    <ConfirmByName
      isOpen
      name={service.name}
      title={t.deleteTitle(service.name)}
      action={common.delete}
      isBusy={remove.isPending}
      error={remove.error === null ? null : asApiError(remove.error)}
      onConfirm={confirm}
      onCancel={close}
    >
      {t.deleteHint}
      <br />
      <Checkbox checked={purgeTables} onChange={(event) => setPurgeTables(event.target.checked)}>
        {t.purgeTables}
      </Checkbox>
    </ConfirmByName>
  );
}
