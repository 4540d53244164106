import { Form, Input, InputNumber, Switch } from 'antd';
import { useTexts } from '@/i18n';
import type { CanaryValues } from './values';

const DURATIONS = ['step_duration', 'min_duration', 'time_limit', 'stop_previous_after'] as const;
const WIDE = { width: '100%' } as const;

/** How long it takes at least and at most, and how sure it is to be. */
export function PlanFields() {
  const { canary: t } = useTexts();
  return (
    <>
      <Form.Item name="min_requests" label={t.fields.min_requests}>
        <InputNumber min={0} style={WIDE} />
      </Form.Item>
      {DURATIONS.map((name) => (
        <Form.Item key={name} name={name} label={t.fields[name]} extra={t.durationHint}>
          <Input autoComplete="off" spellCheck={false} />
        </Form.Item>
      ))}
      <Form.Item name="alpha" label={t.fields.alpha} extra={t.alphaHint}>
        <InputNumber min={0.000001} max={0.2} step={0.005} style={WIDE} />
      </Form.Item>
    </>
  );
}

/** The replay of recorded requests before it gets any traffic. */
export function PreflightFields() {
  const { canary: t } = useTexts();
  const isOn = Form.useWatch('hasPreflight', Form.useFormInstance<CanaryValues>());
  return (
    <>
      <Form.Item name="hasPreflight" label={t.preflight} extra={t.preflightHint}>
        <Switch />
      </Form.Item>
      {isOn && (
        <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', columnGap: 16 }}>
          <Form.Item name={['preflight', 'requests']} label={t.fields.requests}>
            <InputNumber min={1} max={2000} style={WIDE} />
          </Form.Item>
          <Form.Item name={['preflight', 'max_errors']} label={t.fields.max_errors}>
            <InputNumber min={0} max={1} step={0.01} style={WIDE} />
          </Form.Item>
          <Form.Item name={['preflight', 'max_changed']} label={t.fields.max_changed}>
            <InputNumber min={0} max={1} step={0.05} placeholder={t.any} style={WIDE} />
          </Form.Item>
          <Form.Item name={['preflight', 'slice']} label={t.fields.slice}>
            <Input autoComplete="off" spellCheck={false} />
          </Form.Item>
        </div>
      )}
    </>
  );
}
