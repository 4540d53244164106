import { Form, Input } from 'antd';
import { useTexts } from '@/i18n';

/** The name of something new: where a dialog begins. */
export function NameField() {
  const t = useTexts().common;
  return (
    <Form.Item name="name" label={t.name} rules={[{ required: true }]}>
      <Input autoFocus autoComplete="off" spellCheck={false} maxLength={63} />
    </Form.Item>
  );
}

export function DescriptionField() {
  const t = useTexts().common;
  return (
    <Form.Item name="description" label={t.description}>
      <Input.TextArea rows={2} maxLength={4000} />
    </Form.Item>
  );
}
