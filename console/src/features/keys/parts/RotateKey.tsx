import { DatePicker, Form, Select } from 'antd';
import type { Dayjs } from 'dayjs';
import { FormModal } from '@/components/form/FormModal';
import { useTexts } from '@/i18n';
import { type IssuedKey, type Key, rotateKey, useKeysChanged } from '../queries';

const GRACES = ['86400', '3600', '604800', '0', 'none'] as const;

interface Values {
  grace_s: (typeof GRACES)[number];
  expires_at?: Dayjs | null;
}

export function RotateKey(props: {
  service: string;
  of: Key;
  onClose: () => void;
  onIssued: (key: IssuedKey) => void;
}) {
  const t = useTexts().keys;
  const changed = useKeysChanged(props.service);
  const submit = async (values: Values) => {
    props.onIssued(
      await rotateKey(props.service, props.of, {
        grace_s: values.grace_s === 'none' ? null : Number(values.grace_s),
        expires_at: values.expires_at?.toISOString() ?? null,
      }),
    );
    await changed();
  };
  return (
    <FormModal<Values>
      title={t.rotateTitle(props.of.name)}
      action={t.rotate}
      initial={{ grace_s: '86400' }}
      submit={submit}
      onClose={props.onClose}
    >
      <p>{t.rotateHint}</p>
      <Form.Item name="grace_s" label={t.grace}>
        <Select options={GRACES.map((value) => ({ value, label: t.graceOptions[value] }))} />
      </Form.Item>
      <Form.Item name="expires_at" label={t.expires} extra={t.expiresHint}>
        <DatePicker showTime />
      </Form.Item>
    </FormModal>
  );
}
