import { Flex, Form, InputNumber, Radio, Switch } from 'antd';
import { useTexts } from '@/i18n';
import { type Draft, LIMIT } from '../draft';

const FIELD: ['version', 'rate_limit'] = ['version', 'rate_limit'];

/** How many requests a second are let through, and what becomes of the others. */
export function LimitFields() {
  const t = useTexts().publish;
  const form = Form.useFormInstance<Draft>();
  const limit = Form.useWatch(FIELD, { form, preserve: true });
  const isOn = typeof limit === 'object' && limit !== null;
  return (
    <>
      <Form.Item label={t.rateLimit} htmlFor="rate-limit">
        <Switch
          id="rate-limit"
          checked={isOn}
          onChange={(on) => form.setFieldValue(FIELD, on ? LIMIT : null)}
        />
      </Form.Item>
      {isOn && (
        <Flex gap="large" wrap>
          <Form.Item name={[...FIELD, 'qps']} label={t.qps} rules={[{ required: true, message: t.needed }]}>
            <InputNumber min={0.001} style={{ width: 160 }} />
          </Form.Item>
          <Form.Item name={[...FIELD, 'burst']} label={t.burst} extra={t.burstHint}>
            <InputNumber min={1} precision={0} style={{ width: 160 }} />
          </Form.Item>
          <Form.Item name={[...FIELD, 'on_limit']} label={t.onLimit}>
            <Radio.Group
              options={(['reject', 'queue'] as const).map((value) => ({ value, label: t.onLimits[value] }))}
            />
          </Form.Item>
          {limit.on_limit === 'queue' && (
            <Form.Item name={[...FIELD, 'queue_timeout_ms']} label={t.queueTimeout}>
              <InputNumber min={0} precision={0} style={{ width: 160 }} />
            </Form.Item>
          )}
        </Flex>
      )}
    </>
  );
}
