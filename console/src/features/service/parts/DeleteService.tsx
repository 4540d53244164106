import { useNavigate } from '@tanstack/react-router';
import { Checkbox } from 'antd';
import { useState } from 'react';
import { asApiError } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { useTexts } from '@/i18n';
import { useDeleteService } from '../queries';

export function DeleteService(props: { service: string; isOpen: boolean; onClose: () => void }) {
  const t = useTexts().service;
  const navigate = useNavigate();
  const remove = useDeleteService(props.service);
  const [purgeTables, setPurgeTables] = useState(false);
  const close = () => {
    remove.reset();
    props.onClose();
  };
  return (
    <ConfirmByName
      isOpen={props.isOpen}
      name={props.service}
      title={t.deleteTitle(props.service)}
      action={t.delete}
      isBusy={remove.isPending}
      error={remove.error === null ? null : asApiError(remove.error)}
      onConfirm={() => remove.mutate(purgeTables, { onSuccess: () => void navigate({ to: '/services' }) })}
      onCancel={close}
    >
      {t.deleteText}
      <br />
      <Checkbox checked={purgeTables} onChange={(event) => setPurgeTables(event.target.checked)}>
        {t.purgeTables}
      </Checkbox>
    </ConfirmByName>
  );
}
