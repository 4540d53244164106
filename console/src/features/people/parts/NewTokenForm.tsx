import { DatePicker, Form } from 'antd';
import type { Dayjs } from 'dayjs';
import { FormModal } from '@/components/form/FormModal';
import { NameField } from '@/components/form/NameFields';
import { useTexts } from '@/i18n';
import { createToken, type IssuedToken, usePeopleWrite } from '../queries';

interface Values {
  name: string;
  expires_at?: Dayjs | null;
}

export function NewTokenForm(props: { onIssued: (token: IssuedToken) => void; onClose: () => void }) {
  const t = useTexts().people.tokens;
  const common = useTexts().common;
  const write = usePeopleWrite(({ name, expires_at: end }: Values) =>
    createToken(end ? { name, expires_at: end.toISOString() } : { name }),
  );
  return (
    <FormModal<Values>
      title={t.create}
      action={common.create}
      submit={async (values) => props.onIssued(await write.mutateAsync(values))}
      onClose={props.onClose}
    >
      <NameField />
      <Form.Item name="expires_at" label={t.expires}>
        <DatePicker showTime style={{ width: '100%' }} />
      </Form.Item>
    </FormModal>
  );
}
