import { Form, Input, InputNumber, Switch } from 'antd';
import { useTexts } from '@/i18n';
import { DurationField } from '../form/DurationField';
import type { At } from './PlanFields';

const WIDE = { width: '100%' } as const;
const TWO = { display: 'grid', gridTemplateColumns: '1fr 1fr', columnGap: 16 } as const;

/** The replay of recorded requests before it gets any traffic. */
export function PreflightFields({ at }: At) {
  const { canary: t } = useTexts();
  const isOn = Form.useWatch([...at, 'hasPreflight'], Form.useFormInstance());
  return (
    <>
      <Form.Item name={[...at, 'hasPreflight']} label={t.preflight} extra={t.preflightHint}>
        <Switch />
      </Form.Item>
      {isOn && (
        <div style={TWO}>
          <Form.Item name={[...at, 'preflight', 'requests']} label={t.fields.requests}>
            <InputNumber min={1} max={2000} style={WIDE} />
          </Form.Item>
          <Form.Item name={[...at, 'preflight', 'max_errors']} label={t.fields.max_errors}>
            <InputNumber min={0} max={1} step={0.01} style={WIDE} />
          </Form.Item>
          <Form.Item name={[...at, 'preflight', 'max_changed']} label={t.fields.max_changed}>
            <InputNumber min={0} max={1} step={0.05} placeholder={t.any} style={WIDE} />
          </Form.Item>
          <Form.Item name={[...at, 'preflight', 'slice']} label={t.fields.slice}>
            <Input autoComplete="off" spellCheck={false} maxLength={256} />
          </Form.Item>
        </div>
      )}
    </>
  );
}

/** What of it is seldom changed. */
export function PreflightLimits({ at }: At) {
  const { canary: t } = useTexts();
  const isOn = Form.useWatch([...at, 'hasPreflight'], Form.useFormInstance());
  if (!isOn) return null;
  const name = (field: string) => [...at, 'preflight', field];
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <legend style={{ fontSize: 14, fontWeight: 600 }}>{t.preflight}</legend>
      <div style={TWO}>
        <Form.Item name={name('max_latency_ratio')} label={t.fields.max_latency_ratio}>
          <InputNumber min={1} max={1000} step={0.5} placeholder={t.any} style={WIDE} />
        </Form.Item>
        <Form.Item name={name('tolerance')} label={t.fields.tolerance}>
          <InputNumber min={0} max={1} step={1e-6} style={WIDE} />
        </Form.Item>
        <DurationField name={name('max_age')} label={t.fields.max_age} needed={t.needed} />
        <DurationField name={name('time_limit')} label={t.fields.preflight_limit} needed={t.needed} />
      </div>
    </fieldset>
  );
}
