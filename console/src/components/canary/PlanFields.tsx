import { Collapse, Form, Input, InputNumber, Select } from 'antd';
import { useTexts } from '@/i18n';
import { HardStopFields, LimitFields, PaceFields } from './MoreFields';
import { PreflightFields, PreflightLimits } from './PreflightFields';
import { GUARDRAILS, stepsOfText } from './plan';

/** Where the plan lies in the form: `['then', 'canary']`, or nowhere. */
export interface At {
  readonly at: readonly string[];
}

/** In which steps a version takes over, what it must not make worse, and, folded, everything else of a plan. */
export function PlanFields({ at }: At) {
  const { canary: t } = useTexts();
  const checkSteps = (_: unknown, typed: string | undefined) =>
    stepsOfText(typed ?? '') === null ? Promise.reject(t.stepsWrong) : Promise.resolve();
  const more = (
    <>
      <PaceFields at={at} />
      <PreflightLimits at={at} />
      <LimitFields at={at} />
      <HardStopFields at={at} />
    </>
  );
  return (
    <>
      <Form.Item
        name={[...at, 'steps']}
        label={t.steps}
        extra={t.stepsHint}
        rules={[{ validator: checkSteps }]}
      >
        <Input autoComplete="off" spellCheck={false} maxLength={256} />
      </Form.Item>
      <Form.Item
        name={[...at, 'guardrails']}
        label={t.guardrails}
        rules={[{ required: true, message: t.needed }]}
      >
        <Select mode="multiple" options={GUARDRAILS.map((value) => ({ value, label: t.kinds[value] }))} />
      </Form.Item>
      <Form.Item name={[...at, 'step_requests']} label={t.fields.step_requests}>
        <InputNumber min={0} max={100_000_000} style={{ width: '100%' }} />
      </Form.Item>
      <PreflightFields at={at} />
      <Collapse
        size="small"
        style={{ marginBottom: 16 }}
        items={[{ key: 'more', label: t.more, forceRender: true, children: more }]}
      />
    </>
  );
}
