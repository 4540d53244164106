import { Collapse, Form, InputNumber, Select } from 'antd';
import { NameField } from '@/components/form/NameFields';
import { DefinitionForm } from '@/components/review/DefinitionForm';
import { useTexts } from '@/i18n';
import { KINDS, type Kind, METRICS, metricOf } from '../metrics';
import { createRule, type Rule, readRule, replaceRule, useRuleWrite } from '../queries';
import { BaselineFields } from './BaselineFields';
import { ColumnsField } from './ColumnsField';
import { MoreFields } from './MoreFields';
import { OutcomeFields } from './OutcomeFields';
import { definitionOf, newRuleOf, type RuleValues, ruleValues } from './values';

/** A new rule, which may begin with what was clicked on, or another definition of one. */
export function RuleForm(props: {
  service: string;
  of: Rule | null;
  /** What a new one begins with. */
  begin?: RuleValues;
  onClose: () => void;
}) {
  const t = useTexts().quality;
  const { service, of } = props;
  const create = useRuleWrite((values: RuleValues) => createRule(service, newRuleOf(values)));
  const replace = useRuleWrite(({ onto, values }: { onto: Rule; values: RuleValues }) =>
    replaceRule(onto, definitionOf(values)),
  );
  return (
    <DefinitionForm<Rule, RuleValues>
      of={of}
      title={of === null ? t.create : t.edit(of.name)}
      valuesOf={(rule) => (rule === null && props.begin) || ruleValues(rule)}
      create={(values) => create.mutateAsync(values)}
      replace={(onto, values) => replace.mutateAsync({ onto, values })}
      read={readRule}
      definitionOf={definitionOf}
      onClose={props.onClose}
    >
      {of === null && <NameField />}
      <WhatFields />
      <ColumnsField service={service} />
      <BoundFields />
      <BaselineFields />
      <OutcomeFields />
      <Collapse
        size="small"
        items={[{ key: 'more', label: t.more, forceRender: true, children: <MoreFields /> }]}
      />
    </DefinitionForm>
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
