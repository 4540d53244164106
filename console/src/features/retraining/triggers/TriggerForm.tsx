import { Collapse, Form, Input, InputNumber, Segmented, Switch } from 'antd';
import { DurationField, isCron } from '@/components/form/DurationField';
import { NameField } from '@/components/form/NameFields';
import { DefinitionForm } from '@/components/review/DefinitionForm';
import { useTexts } from '@/i18n';
import { createTrigger, readTrigger, replaceTrigger, type Trigger, useRetrainingWrite } from '../queries';
import { ActionFields } from './ActionFields';
import { ThenFields } from './ThenFields';
import { newTriggerOf, type TriggerValues, triggerOf, triggerValues } from './values';

const SEVERITIES = ['critical', 'warning', ''] as const;

/** A new trigger, or another definition of one. */
export function TriggerForm(props: { service: string; of: Trigger | null; onClose: () => void }) {
  const { retraining: t } = useTexts();
  const { service, of } = props;
  const create = useRetrainingWrite((values: TriggerValues) => createTrigger(service, newTriggerOf(values)));
  const replace = useRetrainingWrite(({ onto, values }: { onto: Trigger; values: TriggerValues }) =>
    replaceTrigger(onto, triggerOf(values, onto)),
  );
  return (
    <DefinitionForm<Trigger, TriggerValues>
      of={of}
      title={of === null ? t.newTrigger : t.edit(of.name)}
      valuesOf={triggerValues}
      create={(values) => create.mutateAsync(values)}
      replace={(onto, values) => replace.mutateAsync({ onto, values })}
      read={readTrigger}
      definitionOf={triggerOf}
      onClose={props.onClose}
    >
      {of === null && <NameField />}
      <ActionFields />
      <Form.Item name="severity" label={t.startedBy}>
        <Segmented
          block
          options={SEVERITIES.map((value) => ({ value, label: value === '' ? t.noAlert : t.onAlert[value] }))}
        />
      </Form.Item>
      <Form.Item name="labels" label={t.labels} extra={t.labelsHint}>
        <Input.TextArea spellCheck={false} autoComplete="off" autoSize={{ minRows: 1, maxRows: 4 }} />
      </Form.Item>
      <DurationField name="schedule" label={t.schedule} hint={t.scheduleHint} isAllowed={isCron} />
      <ThenFields />
      <Collapse
        size="small"
        items={[{ key: 'more', label: t.more, forceRender: true, children: <GuardFields /> }]}
      />
    </DefinitionForm>
  );
}

/** What keeps it from running too often or too long. */
function GuardFields() {
  const { retraining: t } = useTexts();
  const needed = [{ required: true, message: t.needed }];
  return (
    <>
      <DurationField name={['guards', 'cool_down']} label={t.coolDown} needed={t.needed} />
      <Form.Item name={['guards', 'max_per_day']} label={t.maxPerDay} rules={needed}>
        <InputNumber min={1} max={100} style={{ width: '100%' }} />
      </Form.Item>
      <Form.Item name={['guards', 'min_label_coverage']} label={t.coverage} extra={t.coverageHint}>
        <InputNumber min={0} max={1} step={0.1} style={{ width: '100%' }} />
      </Form.Item>
      <DurationField name="time_limit" label={t.timeLimit} needed={t.needed} />
      <Form.Item name="model" label={t.model} extra={t.modelHint}>
        <Input spellCheck={false} autoComplete="off" maxLength={255} />
      </Form.Item>
      <Form.Item name="paused" label={t.paused} extra={t.pausedHint}>
        <Switch />
      </Form.Item>
    </>
  );
}
