import { Checkbox } from 'antd';
import { useState } from 'react';
import { useDeleteService } from '@/api';
import { useTexts } from '@/i18n';
import { ConfirmByName } from '../form/ConfirmByName';

/** Deletes a service, and its inference tables where that is asked for. */
export function DeleteService(props: { service: string; onDone: () => void; onClose: () => void }) {
  const t = useTexts().services;
  const remove = useDeleteService(props.service);
  const [purgeTables, setPurgeTables] = useState(false);
  const confirm = async () => {
    await remove.mutateAsync(purgeTables);
    props.onDone();
  };
  return (
    <ConfirmByName
      name={props.service}
      title={t.deleteTitle(props.service)}
      confirm={confirm}
      onClose={props.onClose}
    >
      {t.deleteHint}
      <br />
      <Checkbox checked={purgeTables} onChange={(event) => setPurgeTables(event.target.checked)}>
        {t.purgeTables}
      </Checkbox>
    </ConfirmByName>
  );
}
