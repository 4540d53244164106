import { Form, Input } from 'antd';
import { FormModal } from '@/components/form/FormModal';
import { useTexts } from '@/i18n';
import { type AlertDetail, acknowledge, useAlertWrite } from '../queries';

/** Says that somebody takes care of it: it is told no more, unless it gets worse. */
export function Acknowledge({ alert, onClose }: { alert: AlertDetail; onClose: () => void }) {
  const t = useTexts().alerts;
  const write = useAlertWrite(({ comment }: { comment: string }) => acknowledge(alert.id, comment));
  return (
    <FormModal<{ comment: string }>
      title={t.acknowledge}
      action={t.acknowledge}
      initial={{ comment: '' }}
      submit={(values) => write.mutateAsync(values)}
      onClose={onClose}
    >
      <p>{t.acknowledgeHint}</p>
      <Form.Item name="comment" label={t.comment}>
        <Input.TextArea autoFocus rows={3} maxLength={4000} />
      </Form.Item>
    </FormModal>
  );
}
