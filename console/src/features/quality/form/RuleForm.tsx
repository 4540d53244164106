import { Collapse, Form, InputNumber, Select } from 'antd';
import { FormModal } from '@/components/form/FormModal';
import { NameField } from '@/components/form/NameFields';
import { useTexts } from '@/i18n';
import { KINDS, type Kind, METRICS, metricOf } from '../metrics';
import { createRule, type Rule, replaceRule, useRuleWrite } from '../queries';
import { BaselineFields } from './BaselineFields';
import { ColumnsField } from './ColumnsField';
import { MoreFields } from './MoreFields';
import { definitionOf, newRuleOf, type RuleValues } from './values';

/** A new rule, which may begin with what was clicked on, or another definition of one. */
export function RuleForm(props: {
  service: string;
  of: Rule | null;
  begin: RuleValues;
  onClose: () => void;
}) {
  const { quality: t, common } = useTexts();
  const { service, of, begin } = props;
  const write = useRuleWrite((values: RuleValues) =>
    of === null ? createRule(service, newRuleOf(values)) : replaceRule(of, definitionOf(values)),
  );
  return (
    <FormModal<RuleValues>
      title={of === null ? t.create : t.edit(of.name)}
      {...(of === null && { action: common.create })}
      initial={begin}
      submit={(values) =>
        write.mutateAsync({
          ...begin,
          ...values,
          baseline: { ...begin.baseline, ...values.baseline },
          outcome: { ...begin.outcome, ...values.outcome },
        })
      }
      onClose={props.onClose}
    >
      {of === null && <NameField />}
      <WhatFields />
      <ColumnsField service={service} />
      <BoundFields />
      <BaselineFields />
      <Collapse
        size="small"
        items={[{ key: 'more', label: t.more, forceRender: true, children: <MoreFields /> }]}
      />
    </FormModal>
  );
}

/** Another metric begins with bounds that are sensible for it. */
function WhatFields() {
  const t = useTexts().quality;
  const form = Form.useFormInstance<RuleValues>();
  const kind = Form.useWatch('kind', form) ?? 'drift';
  const choose = (next: Kind, metric: string) => {
    const [warning, critical] = metricOf(next, metric)?.bounds ?? [null, null];
    form.setFieldsValue({ metric, warning, critical });
  };
  return (
    <>
      <Form.Item name="kind" label={t.kind}>
        <Select
          options={KINDS.map((value) => ({ value, label: t.kinds[value] }))}
          onChange={(next: Kind) => choose(next, METRICS[next][0]?.name ?? '')}
        />
      </Form.Item>
      <Form.Item name="metric" label={t.metric}>
        <Select
          options={METRICS[kind].map(({ name }) => ({
            value: name,
            label: t.metrics[name] ? `${name}: ${t.metrics[name]}` : name,
          }))}
          onChange={(metric: string) => choose(kind, metric)}
        />
      </Form.Item>
    </>
  );
}

function BoundFields() {
  const t = useTexts().quality;
  const form = Form.useFormInstance<RuleValues>();
  const kind = Form.useWatch('kind', form) ?? 'drift';
  const metric = metricOf(kind, Form.useWatch('metric', form) ?? '');
  const below = metric?.isLowerWorse === true;
  return (
    <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 16 }}>
      {(['warning', 'critical'] as const).map((bound) => (
        <Form.Item key={bound} name={bound} label={below ? t.below[bound] : t.beyond[bound]}>
          <InputNumber style={{ width: '100%' }} step={0.01} />
        </Form.Item>
      ))}
    </div>
  );
}
