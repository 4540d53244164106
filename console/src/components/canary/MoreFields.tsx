import { Form, InputNumber, Select, Switch } from 'antd';
import { useTexts } from '@/i18n';
import { DurationField } from '../form/DurationField';
import type { At } from './PlanFields';
import { DURATIONS, type GuardrailKind } from './plan';

const WIDE = { width: '100%' } as const;

/** How long it takes at least and at most, and how sure it is to be. */
export function PaceFields({ at }: At) {
  const { canary: t } = useTexts();
  return (
    <>
      <Form.Item name={[...at, 'min_requests']} label={t.fields.min_requests}>
        <InputNumber min={0} max={100_000_000} style={WIDE} />
      </Form.Item>
      {DURATIONS.map((name) => (
        <DurationField
          key={name}
          name={[...at, name]}
          label={t.fields[name]}
          {...(name === 'stop_previous_after' ? { hint: t.stopPreviousHint } : { needed: t.needed })}
        />
      ))}
      <Form.Item name={[...at, 'baseline_requests']} label={t.fields.baseline_requests}>
        <InputNumber min={20} style={WIDE} />
      </Form.Item>
      <Form.Item name={[...at, 'alpha']} label={t.fields.alpha} extra={t.alphaHint}>
        <InputNumber min={0.000001} max={0.2} step={0.005} style={WIDE} />
      </Form.Item>
      <Form.Item name={[...at, 'stop_when_rolled_back']} label={t.fields.stop_when_rolled_back}>
        <Switch />
      </Form.Item>
    </>
  );
}

/** How far each figure may get worse, and whether it is waited for. */
export function LimitFields({ at }: At) {
  const { canary: t } = useTexts();
  const chosen: readonly GuardrailKind[] = Form.useWatch([...at, 'guardrails'], Form.useFormInstance()) ?? [];
  return chosen.map((kind) => <Limit key={kind} at={at} kind={kind} title={t.kinds[kind]} />);
}

function Limit({ at, kind, title }: At & { kind: GuardrailKind; title: string }) {
  const { canary: t, common } = useTexts();
  const hasMargin = kind !== 'latency_p95' && kind !== 'latency_p99';
  const name = (field: string) => [...at, 'limits', kind, field];
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <legend style={{ fontSize: 14, fontWeight: 600 }}>{title}</legend>
      <div style={{ display: 'grid', gridTemplateColumns: 'repeat(3, 1fr)', columnGap: 16 }}>
        {hasMargin && (
          <Form.Item name={name('margin')} label={t.fields.margin}>
            <InputNumber min={0} max={1} step={0.001} placeholder={t.asUsual} style={WIDE} />
          </Form.Item>
        )}
        <Form.Item name={name('ratio')} label={t.fields.ratio}>
          <InputNumber min={1} max={100} step={0.1} placeholder={t.asUsual} style={WIDE} />
        </Form.Item>
        <Form.Item name={name('required')} label={t.fields.required}>
          <Select
            options={[
              { value: null, label: t.asUsual },
              { value: true, label: common.yes },
              { value: false, label: common.no },
            ]}
          />
        </Form.Item>
      </div>
    </fieldset>
  );
}

/** Rolls back without waiting for a test. */
export function HardStopFields({ at }: At) {
  const { canary: t } = useTexts();
  const isOn = Form.useWatch([...at, 'hasHardStop'], Form.useFormInstance());
  return (
    <>
      <Form.Item name={[...at, 'hasHardStop']} label={t.fields.hard_stop} extra={t.hardStopHint}>
        <Switch />
      </Form.Item>
      {isOn && (
        <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', columnGap: 16 }}>
          <Form.Item name={[...at, 'hard_stop', 'share']} label={t.fields.share}>
            <InputNumber min={0.01} max={1} step={0.05} style={WIDE} />
          </Form.Item>
          <Form.Item name={[...at, 'hard_stop', 'requests']} label={t.fields.latest_requests}>
            <InputNumber min={10} max={10_000} style={WIDE} />
          </Form.Item>
        </div>
      )}
    </>
  );
}
