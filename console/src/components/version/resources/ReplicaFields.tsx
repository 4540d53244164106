import { Flex, Form, InputNumber, Radio } from 'antd';
import { useTexts } from '@/i18n';
import { useFieldName, useValue } from '../place';
import { RANGE } from '../values';

/** A fixed number of pods, or a range in which the load decides. */
export function ReplicaFields() {
  const t = useTexts().versionFields;
  const field = useFieldName();
  const [replicas, setReplicas] = useValue('replicas');
  const isRange = typeof replicas === 'object';
  const rules = [{ required: true, message: t.needed }];
  const range = (name: string) => field('replicas', name);
  return (
    <>
      <Form.Item label={t.scaling}>
        <Radio.Group
          optionType="button"
          value={isRange ? 'range' : 'fixed'}
          onChange={({ target }) => setReplicas(target.value === 'range' ? RANGE : 1)}
          options={(['fixed', 'range'] as const).map((value) => ({ value, label: t.scalings[value] }))}
        />
      </Form.Item>
      {isRange ? (
        <Flex gap="middle" wrap>
          <Form.Item name={range('min')} label={t.min} extra={t.minHint} rules={rules}>
            <InputNumber min={0} max={1000} precision={0} />
          </Form.Item>
          <Form.Item name={range('max')} label={t.max} rules={rules}>
            <InputNumber min={1} max={1000} precision={0} />
          </Form.Item>
          <Form.Item name={range('target_concurrency')} label={t.target} rules={rules}>
            <InputNumber min={0.1} max={100_000} />
          </Form.Item>
        </Flex>
      ) : (
        <Form.Item name={field('replicas')} label={t.replicas} rules={rules}>
          <InputNumber min={0} max={1000} precision={0} />
        </Form.Item>
      )}
    </>
  );
}
