import { DatePicker, Form } from 'antd';
import dayjs from 'dayjs';
import { useTexts } from '@/i18n';

/** A moment, kept in the form as ISO-8601 UTC. */
export function MomentField({ name, label }: { name: string; label: string }) {
  const t = useTexts().alerts;
  return (
    <Form.Item
      name={name}
      label={label}
      rules={[{ required: true, message: t.needed }]}
      getValueProps={(value: string) => ({ value: value ? dayjs(value) : null })}
      normalize={(value: dayjs.Dayjs | null) => value?.toISOString() ?? ''}
    >
      <DatePicker showTime style={{ width: '100%' }} />
    </Form.Item>
  );
}
