import { Alert, Flex, Form, Input, InputNumber, Switch } from 'antd';
import { HEADER_NAME } from '@/components/form/errors/patterns';
import { RateFields, RequestFields } from '@/components/version/LimitFields';
import { useTexts } from '@/i18n';
import type { Draft } from '../draft';
import type { StepProps } from './PublishForm';

const MIB = 1024 * 1024;

export function ProtectionStep({ service }: StepProps) {
  const { publish: t, versionFields: f } = useTexts();
  const isNew = service === '';
  return (
    <>
      {isNew && <AuthField />}
      <RateFields />
      <Flex gap="large" wrap>
        <RequestFields />
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
        <Form.Item
          name="sticky_header"
          label={t.sticky}
          extra={t.stickyHint}
          rules={[{ pattern: HEADER_NAME, message: f.headerRule }]}
        >
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
