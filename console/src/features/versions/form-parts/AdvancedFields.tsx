import { Form, Input, InputNumber, Switch } from 'antd';
import { useTexts } from '@/i18n';
import { parseEnv } from '../form';
import { LimitFields } from './LimitFields';
import { RuntimeFields } from './RuntimeFields';

export function AdvancedFields() {
  const t = useTexts().versions;
  return (
    <>
      <LimitFields />
      <RecordingFields />
      <Form.Item name="env" label={t.env} extra={t.envHint} rules={[{ validator: useEnvRule() }]}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 10 }} spellCheck={false} />
      </Form.Item>
      <RuntimeFields />
    </>
  );
}

function RecordingFields() {
  const t = useTexts().versions;
  const isOn = Form.useWatch<boolean | undefined>(['log_delivery', 'enabled']) ?? true;
  return (
    <>
      <Form.Item name={['log_delivery', 'enabled']} label={t.record} valuePropName="checked">
        <Switch />
      </Form.Item>
      <Form.Item name={['log_delivery', 'sample_rate']} label={t.sampleRate} hidden={!isOn}>
        <InputNumber min={0} max={1} step={0.1} />
      </Form.Item>
      <Form.Item
        name={['log_delivery', 'destination']}
        label={t.destination}
        extra={t.destinationHint}
        hidden={!isOn}
      >
        <Input autoComplete="off" spellCheck={false} />
      </Form.Item>
    </>
  );
}

function useEnvRule() {
  const t = useTexts().versions;
  return (_: unknown, value: string) => {
    const { wrong } = parseEnv(value);
    return wrong === null ? Promise.resolve() : Promise.reject(new Error(t.envWrong(wrong)));
  };
}
