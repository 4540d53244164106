import { Flex, Form, InputNumber, Radio } from 'antd';
import { useTexts } from '@/i18n';
import type { VersionValues } from '../form';

export function ScaleFields() {
  const t = useTexts().versions;
  const scale = Form.useWatch<VersionValues['scale'] | undefined>('scale') ?? 'fixed';
  const rules = [{ required: true, message: t.needed }];
  return (
    <Flex gap="middle" wrap>
      <Form.Item name="scale" label={t.scale}>
        <Radio.Group
          optionType="button"
          options={(['fixed', 'range'] as const).map((value) => ({ value, label: t.scales[value] }))}
        />
      </Form.Item>
      {scale === 'fixed' ? (
        <Form.Item name="count" label={t.count} rules={rules}>
          <InputNumber min={0} precision={0} />
        </Form.Item>
      ) : (
        <>
          <Form.Item name={['replicas', 'min']} label={t.min} extra={t.zeroHint} rules={rules}>
            <InputNumber min={0} precision={0} />
          </Form.Item>
          <Form.Item name={['replicas', 'max']} label={t.max} rules={rules}>
            <InputNumber min={1} precision={0} />
          </Form.Item>
          <Form.Item name={['replicas', 'target_concurrency']} label={t.target} rules={rules}>
            <InputNumber min={0.1} />
          </Form.Item>
        </>
      )}
    </Flex>
  );
}
