import { Checkbox, Form, Input } from 'antd';
import { FormModal } from '@/components/form/FormModal';
import { DescriptionField, NameField } from '@/components/form/NameFields';
import { useTexts } from '@/i18n';
import { createUser, type NewUser, usePeopleWrite } from '../queries';

export function NewUserForm({ onClose }: { onClose: () => void }) {
  const t = useTexts().people.users;
  const common = useTexts().common;
  const write = usePeopleWrite((values: NewUser) =>
    createUser({ ...values, issuer: values.issuer || null, subject: values.subject || null }),
  );
  return (
    <FormModal<NewUser> title={t.create} action={common.create} submit={write.mutateAsync} onClose={onClose}>
      <NameField />
      <DescriptionField />
      <Form.Item name="is_admin" valuePropName="checked">
        <Checkbox>{t.admin}</Checkbox>
      </Form.Item>
      <Form.Item name="issuer" label={t.issuer}>
        <Input placeholder="https://" maxLength={255} />
      </Form.Item>
      <Form.Item name="subject" label={t.subject}>
        <Input maxLength={255} />
      </Form.Item>
    </FormModal>
  );
}
