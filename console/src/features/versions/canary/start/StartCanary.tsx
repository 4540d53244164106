import { Collapse, Form, Input, InputNumber, Select } from 'antd';
import type { Service } from '@/api';
import { FormModal } from '@/components/form/FormModal';
import { useTexts } from '@/i18n';
import { startCanary, useCanaryWrite } from '../queries';
import { PlanFields, PreflightFields } from './PlanFields';
import { type CanaryValues, canaryOf, DEFAULTS, GUARDRAILS, stepsOfText } from './values';

/** Which version takes over, in which steps, and what it must not make worse. */
export function StartCanary({ service, onClose }: { service: Service; onClose: () => void }) {
  const { canary: t } = useTexts();
  const write = useCanaryWrite((values: CanaryValues) => startCanary(service.name, canaryOf(values)));
  const others = service.versions.filter(({ traffic_weight: weight }) => weight < 100);
  const [newest] = [...others].sort((a, b) => b.created_at.localeCompare(a.created_at));
  const begin: CanaryValues = { ...DEFAULTS, version: newest?.name ?? '' };
  return (
    <FormModal<CanaryValues>
      title={t.start}
      action={t.start}
      initial={begin}
      submit={(values) =>
        write.mutateAsync({ ...begin, ...values, preflight: { ...begin.preflight, ...values.preflight } })
      }
      onClose={onClose}
    >
      <p>{t.startHint}</p>
      <Form.Item name="version" label={t.version} rules={[{ required: true, message: t.needed }]}>
        <Select options={others.map(({ name }) => ({ value: name, label: name }))} />
      </Form.Item>
      <Form.Item
        name="steps"
        label={t.steps}
        extra={t.stepsHint}
        rules={[
          {
            validator: (_, typed: string) =>
              stepsOfText(typed ?? '') === null ? Promise.reject(t.stepsWrong) : Promise.resolve(),
          },
        ]}
      >
        <Input autoComplete="off" spellCheck={false} />
      </Form.Item>
      <Form.Item name="guardrails" label={t.guardrails} rules={[{ required: true, message: t.needed }]}>
        <Select mode="multiple" options={GUARDRAILS.map((value) => ({ value, label: t.kinds[value] }))} />
      </Form.Item>
      <Form.Item name="step_requests" label={t.fields.step_requests}>
        <InputNumber min={0} style={{ width: '100%' }} />
      </Form.Item>
      <PreflightFields />
      <Collapse
        size="small"
        items={[{ key: 'more', label: t.more, forceRender: true, children: <PlanFields /> }]}
      />
    </FormModal>
  );
}
