import { Alert, Flex, Form, Input, InputNumber, Switch } from 'antd';
import { useTexts } from '@/i18n';
import type { Draft } from '../draft';
import { LimitFields } from './LimitFields';
import type { StepProps } from './PublishForm';

const MIB = 1024 * 1024;

export function ProtectionStep({ service }: StepProps) {
  const t = useTexts().publish;
  const isNew = service === '';
  return (
    <>
      {isNew && <AuthField />}
      <LimitFields />
      <Flex gap="large" wrap>
        <Form.Item name={['version', 'max_concurrency']} label={t.concurrency} extra={t.unlimited}>
          <InputNumber min={1} max={10_000} precision={0} style={{ width: 160 }} />
        </Form.Item>
        <Form.Item name={['version', 'request_timeout_ms']} label={t.timeout} extra={t.timeoutHint}>
          <InputNumber min={1} max={3_600_000} precision={0} style={{ width: 160 }} />
        </Form.Item>
        {isNew && (
          <Form.Item
            name="max_body_bytes"
            label={t.maxBody}
            getValueProps={(bytes: number) => ({ value: bytes / MIB })}
            normalize={(mib: number | null) => Math.round((mib ?? 16) * MIB)}
          >
            <InputNumber min={0.001} max={256} style={{ width: 160 }} />
          </Form.Item>
        )}
      </Flex>
      {isNew ? (
        <Form.Item name="sticky_header" label={t.sticky} extra={t.stickyHint}>
          <Input style={{ width: 320 }} maxLength={64} spellCheck={false} />
        </Form.Item>
      ) : (
        <Form.Item name={['version', 'traffic_weight']} label={t.weight} extra={t.weightHint}>
          <InputNumber min={0} max={100} precision={0} style={{ width: 160 }} />
        </Form.Item>
      )}
    </>
  );
}

function AuthField() {
  const t = useTexts().publish;
  const form = Form.useFormInstance<Draft>();
  const isOn = Form.useWatch('auth_enabled', form);
  return (
    <>
      <Form.Item name="auth_enabled" label={t.auth}>
        <Switch />
      </Form.Item>
      {isOn === false && <Alert type="warning" showIcon title={t.authOff} style={{ marginBottom: 24 }} />}
    </>
  );
}
