import { Form, Input, InputNumber, Segmented, Switch } from 'antd';
import { DurationField } from '@/components/form/DurationField';
import { useTexts } from '@/i18n';

const ALERTS = ['rule', 'column', 'none'] as const;

/** When, on which rows, and who is told. */
export function MoreFields() {
  const t = useTexts().quality;
  return (
    <>
      <DurationField name="window" label={t.fields.window} hint={t.hints.window} needed={t.needed} />
      <Typed name="windows" isNeeded />
      <DurationField name="schedule" label={t.fields.schedule} hint={t.hints.schedule} />
      <DurationField name="delay" label={t.fields.delay} hint={t.hints.delay} />
      <Typed name="slice" />
      <Form.Item name="min_sample" label={t.fields.min_sample} extra={t.hints.min_sample}>
        <InputNumber min={0} max={1_000_000_000} style={{ width: '100%' }} />
      </Form.Item>
      <Form.Item name="alert" label={t.alert}>
        <Segmented block options={ALERTS.map((value) => ({ value, label: t.alerts[value] }))} />
      </Form.Item>
      <Form.Item name="paused" label={t.paused}>
        <Switch />
      </Form.Item>
    </>
  );
}

function Typed({ name, isNeeded = false }: { name: 'windows' | 'slice'; isNeeded?: boolean }) {
  const t = useTexts().quality;
  return (
    <Form.Item
      name={name}
      label={t.fields[name]}
      extra={t.hints[name]}
      rules={isNeeded ? [{ required: true, message: t.needed }] : []}
    >
      <Input spellCheck={false} autoComplete="off" maxLength={name === 'slice' ? 1024 : 16} />
    </Form.Item>
  );
}
