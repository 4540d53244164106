import { Form, Input, Switch } from 'antd';
import { FormModal } from '@/components/form/FormModal';
import { useTexts } from '@/i18n';
import { startRetraining, type Trigger, useRetrainingWrite } from '../queries';

interface Values {
  readonly note: string;
  readonly force: boolean;
}

/** Starts a retraining by hand. */
export function StartForm({ of, onClose }: { of: Trigger; onClose: () => void }) {
  const { retraining: t } = useTexts();
  const write = useRetrainingWrite(({ note, force }: Values) =>
    startRetraining(of.service, { trigger: of.name, note: note.trim() || null, force }),
  );
  return (
    <FormModal<Values>
      title={t.startOf(of.name)}
      action={t.startNow}
      initial={{ note: '', force: false }}
      submit={(values) => write.mutateAsync(values)}
      onClose={onClose}
    >
      <Form.Item name="note" label={t.note} extra={t.noteHint}>
        <Input.TextArea autoFocus rows={2} maxLength={4000} />
      </Form.Item>
      <Form.Item name="force" label={t.force} extra={t.forceHint}>
        <Switch />
      </Form.Item>
    </FormModal>
  );
}
