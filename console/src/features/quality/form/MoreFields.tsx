import { Form, Input, InputNumber, Segmented, Switch } from 'antd';
import { useTexts } from '@/i18n';
import type { RuleValues } from './values';

const ALERTS = ['rule', 'column', 'none'] as const;
const OUTCOMES = ['label', 'prediction', 'score', 'positive'] as const;

/** When, on which rows, and who is told. */
export function MoreFields() {
  const t = useTexts().quality;
  const kind = Form.useWatch('kind', Form.useFormInstance<RuleValues>());
  return (
    <>
      <Typed name="window" isNeeded />
      <Typed name="windows" isNeeded />
      <Typed name="schedule" />
      <Typed name="delay" />
      <Typed name="slice" />
      <Form.Item name="min_sample" label={t.fields.min_sample} extra={t.hints.min_sample}>
        <InputNumber min={0} style={{ width: '100%' }} />
      </Form.Item>
      <Form.Item name="alert" label={t.alert}>
        <Segmented block options={ALERTS.map((value) => ({ value, label: t.alerts[value] }))} />
      </Form.Item>
      {kind === 'model_quality' &&
        OUTCOMES.map((name) => (
          <Form.Item key={name} name={['outcome', name]} label={t.outcomes[name]}>
            <Input spellCheck={false} autoComplete="off" />
          </Form.Item>
        ))}
      <Form.Item name="paused" label={t.paused}>
        <Switch />
      </Form.Item>
    </>
  );
}

function Typed({
  name,
  isNeeded = false,
}: {
  name: 'window' | 'windows' | 'schedule' | 'delay' | 'slice';
  isNeeded?: boolean;
}) {
  const t = useTexts().quality;
  return (
    <Form.Item
      name={name}
      label={t.fields[name]}
      extra={t.hints[name]}
      rules={isNeeded ? [{ required: true, message: t.needed }] : []}
    >
      <Input spellCheck={false} autoComplete="off" />
    </Form.Item>
  );
}
