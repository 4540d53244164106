import { Checkbox, DatePicker, Form, Input } from 'antd';
import type { Dayjs } from 'dayjs';
import { FormModal } from '@/components/form/FormModal';
import { useTexts } from '@/i18n';
import { createKey, type IssuedKey, type Scope, useKeysChanged } from '../queries';

interface Values {
  name: string;
  scopes?: Scope[];
  expires_at?: Dayjs | null;
}

const SCOPES: readonly Scope[] = ['predict', 'versions'];

export function CreateKey(props: {
  service: string;
  onClose: () => void;
  onIssued: (key: IssuedKey) => void;
}) {
  const t = useTexts().keys;
  const changed = useKeysChanged(props.service);
  const submit = async (values: Values) => {
    props.onIssued(
      await createKey(props.service, {
        name: values.name.trim(),
        scopes: values.scopes?.length ? values.scopes : null,
        expires_at: values.expires_at?.toISOString() ?? null,
      }),
    );
    await changed();
  };
  return (
    <FormModal<Values> title={t.create} action={t.create} submit={submit} onClose={props.onClose}>
      <Form.Item
        name="name"
        label={t.name}
        extra={t.nameHint}
        rules={[{ required: true, whitespace: true, message: t.nameNeeded }]}
      >
        <Input autoFocus autoComplete="off" maxLength={63} />
      </Form.Item>
      <Form.Item name="scopes" label={t.scopes} extra={t.scopesHint}>
        <Checkbox.Group options={SCOPES.map((scope) => ({ value: scope, label: t.scope[scope] }))} />
      </Form.Item>
      <Form.Item name="expires_at" label={t.expires} extra={t.expiresHint}>
        <DatePicker showTime />
      </Form.Item>
    </FormModal>
  );
}
