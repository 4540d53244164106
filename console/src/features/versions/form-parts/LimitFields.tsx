import { Flex, Form, InputNumber, Select, Switch } from 'antd';
import { useTexts } from '@/i18n';

export function LimitFields() {
  const t = useTexts().versions;
  const isLimited = Form.useWatch<boolean | undefined>('isLimited') ?? false;
  return (
    <>
      <Form.Item name="isLimited" label={t.limitOn} valuePropName="checked">
        <Switch />
      </Form.Item>
      {isLimited && <RateLimit />}
      <Flex gap="middle" wrap>
        <Form.Item name="max_concurrency" label={t.maxConcurrency} extra={t.concurrencyHint}>
          <InputNumber min={1} precision={0} />
        </Form.Item>
        <Form.Item
          name="request_timeout_ms"
          label={t.requestTimeout}
          rules={[{ required: true, message: t.needed }]}
        >
          <InputNumber min={1} precision={0} suffix="ms" style={{ width: 140 }} />
        </Form.Item>
      </Flex>
    </>
  );
}

function RateLimit() {
  const t = useTexts().versions;
  const then = Form.useWatch<string | undefined>(['rate_limit', 'on_limit']);
  return (
    <Flex gap="middle" wrap>
      <Form.Item name={['rate_limit', 'qps']} label={t.qps} rules={[{ required: true, message: t.needed }]}>
        <InputNumber min={0.001} />
      </Form.Item>
      <Form.Item name={['rate_limit', 'burst']} label={t.burst} extra={t.burstHint}>
        <InputNumber min={1} precision={0} />
      </Form.Item>
      <Form.Item name={['rate_limit', 'on_limit']} label={t.overLimit} style={{ minWidth: 160 }}>
        <Select
          options={(['reject', 'queue'] as const).map((value) => ({ value, label: t.onLimit[value] }))}
        />
      </Form.Item>
      <Form.Item name={['rate_limit', 'queue_timeout_ms']} label={t.longestWait} hidden={then !== 'queue'}>
        <InputNumber min={1} precision={0} suffix="ms" style={{ width: 140 }} />
      </Form.Item>
    </Flex>
  );
}
