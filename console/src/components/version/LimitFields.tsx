import { Flex, Form, InputNumber, Radio, Switch } from 'antd';
import { useTexts } from '@/i18n';
import { useFieldName, useValue } from './place';
import { LIMIT } from './values';

/** How many requests a second are let through, and what becomes of the others. */
export function RateFields() {
  const t = useTexts().versionFields;
  const field = useFieldName();
  const [limit, setLimit] = useValue('rate_limit');
  const rate = (name: string) => field('rate_limit', name);
  return (
    <>
      <Form.Item label={t.rateLimit} htmlFor="rate-limit">
        <Switch id="rate-limit" checked={Boolean(limit)} onChange={(on) => setLimit(on ? LIMIT : null)} />
      </Form.Item>
      {limit && (
        <Flex gap="large" wrap>
          <Form.Item name={rate('qps')} label={t.qps} rules={[{ required: true, message: t.needed }]}>
            <InputNumber min={0.001} style={{ width: 160 }} />
          </Form.Item>
          <Form.Item name={rate('burst')} label={t.burst} extra={t.burstHint}>
            <InputNumber min={1} precision={0} style={{ width: 160 }} />
          </Form.Item>
          <Form.Item name={rate('on_limit')} label={t.onLimit}>
            <Radio.Group
              options={(['reject', 'queue'] as const).map((value) => ({ value, label: t.onLimits[value] }))}
            />
          </Form.Item>
          {limit.on_limit === 'queue' && (
            <Form.Item name={rate('queue_timeout_ms')} label={t.queueTimeout}>
              <InputNumber min={0} precision={0} style={{ width: 160 }} />
            </Form.Item>
          )}
        </Flex>
      )}
    </>
  );
}

/** What one pod takes at once, and how long a request may last; further fields stand beside. */
export function RequestFields() {
  const t = useTexts().versionFields;
  const field = useFieldName();
  return (
    <>
      <Form.Item name={field('max_concurrency')} label={t.concurrency} extra={t.unlimited}>
        <InputNumber min={1} max={10_000} precision={0} style={{ width: 160 }} />
      </Form.Item>
      <Form.Item
        name={field('request_timeout_ms')}
        label={t.timeout}
        extra={t.timeoutHint}
        rules={[{ required: true, message: t.needed }]}
      >
        <InputNumber min={1} max={3_600_000} precision={0} style={{ width: 160 }} />
      </Form.Item>
    </>
  );
}
