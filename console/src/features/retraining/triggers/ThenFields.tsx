import { Form, InputNumber, Select } from 'antd';
import { PlanFields } from '@/components/canary/PlanFields';
import { useTexts } from '@/i18n';
import type { TriggerValues } from './values';

const THENS = ['none', 'canary', 'version'] as const;

/** What becomes of the new version: its share of the traffic, or the plan of its canary. */
export function ThenFields() {
  const { retraining: t } = useTexts();
  const publish = Form.useWatch(['then', 'publish'], Form.useFormInstance<TriggerValues>());
  return (
    <>
      <Form.Item name={['then', 'publish']} label={t.afterwards}>
        <Select options={THENS.map((value) => ({ value, label: t.thens[value] }))} />
      </Form.Item>
      {publish === 'version' && (
        <Form.Item name={['then', 'weight']} label={t.weight} extra={t.weightHint}>
          <InputNumber min={0} max={100} style={{ width: '100%' }} />
        </Form.Item>
      )}
      {publish === 'canary' && <PlanFields at={['then', 'canary']} />}
    </>
  );
}
