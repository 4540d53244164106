import { Flex, Form, InputNumber, Radio } from 'antd';
import { useTexts } from '@/i18n';
import { type Draft, RANGE } from '../draft';

const REPLICAS: ['version', 'replicas'] = ['version', 'replicas'];

/** A fixed number of pods, or a range in which the load decides. */
export function ReplicaFields() {
  const t = useTexts().publish;
  const form = Form.useFormInstance<Draft>();
  const replicas = Form.useWatch(REPLICAS, { form, preserve: true });
  const isRange = typeof replicas === 'object' && replicas !== null;
  return (
    <>
      <Form.Item label={t.scaling}>
        <Radio.Group
          optionType="button"
          value={isRange ? 'range' : 'fixed'}
          onChange={({ target }) => form.setFieldValue(REPLICAS, target.value === 'range' ? RANGE : 1)}
          options={[
            { value: 'fixed', label: t.scalings.fixed },
            { value: 'range', label: t.scalings.range },
          ]}
        />
      </Form.Item>
      {isRange ? (
        <Flex gap="middle" wrap>
          <Form.Item name={[...REPLICAS, 'min']} label={t.min} extra={t.minHint}>
            <InputNumber min={0} max={1000} precision={0} />
          </Form.Item>
          <Form.Item name={[...REPLICAS, 'max']} label={t.max}>
            <InputNumber min={1} max={1000} precision={0} />
          </Form.Item>
          <Form.Item name={[...REPLICAS, 'target_concurrency']} label={t.target}>
            <InputNumber min={0.1} />
          </Form.Item>
        </Flex>
      ) : (
        <Form.Item name={REPLICAS} label={t.replicas}>
          <InputNumber min={0} max={1000} precision={0} />
        </Form.Item>
      )}
    </>
  );
}
