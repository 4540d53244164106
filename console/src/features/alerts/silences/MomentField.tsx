import { DatePicker, Form } from 'antd';
import dayjs from 'dayjs';

/** A moment, kept in the form as ISO-8601 UTC; '' is none. */
export function MomentField(props: { name: string; label: string; hint?: string; needed?: string }) {
  const { name, label, hint, needed } = props;
  return (
    <Form.Item
      name={name}
      label={label}
      extra={hint}
      rules={needed === undefined ? [] : [{ required: true, message: needed }]}
      getValueProps={(value: string) => ({ value: value ? dayjs(value) : null })}
      normalize={(value: dayjs.Dayjs | null) => value?.toISOString() ?? ''}
    >
      <DatePicker showTime style={{ width: '100%' }} />
    </Form.Item>
  );
}
