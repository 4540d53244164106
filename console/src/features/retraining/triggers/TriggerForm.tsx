import { Collapse, Form, Input, InputNumber, Segmented, Select, Switch } from 'antd';
import { FormModal } from '@/components/form/FormModal';
import { NameField } from '@/components/form/NameFields';
import { useTexts } from '@/i18n';
import { createTrigger, replaceTrigger, type Trigger, useRetrainingWrite } from '../queries';
import { ActionFields } from './ActionFields';
import { newTriggerOf, type TriggerValues, triggerOf, triggerValues } from './values';

const SEVERITIES = ['critical', 'warning', ''] as const;
const THENS = ['none', 'canary', 'version'] as const;

/** A new trigger, or another definition of one. */
export function TriggerForm(props: { service: string; of: Trigger | null; onClose: () => void }) {
  const { retraining: t, common } = useTexts();
  const { service, of } = props;
  const begin = triggerValues(of);
  const write = useRetrainingWrite((values: TriggerValues) =>
    of === null ? createTrigger(service, newTriggerOf(values)) : replaceTrigger(of, triggerOf(values, of)),
  );
  return (
    <FormModal<TriggerValues>
      title={of === null ? t.newTrigger : t.edit(of.name)}
      {...(of === null && { action: common.create })}
      initial={begin}
      submit={(values) =>
        write.mutateAsync({
          ...begin,
          ...values,
          action: { ...begin.action, ...values.action },
          guards: { ...begin.guards, ...values.guards },
        })
      }
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
      <Form.Item name="schedule" label={t.schedule} extra={t.scheduleHint}>
        <Input spellCheck={false} autoComplete="off" />
      </Form.Item>
      <Form.Item name="publish" label={t.afterwards}>
        <Select options={THENS.map((value) => ({ value, label: t.thens[value] }))} />
      </Form.Item>
      <Collapse
        size="small"
        items={[{ key: 'more', label: t.more, forceRender: true, children: <GuardFields /> }]}
      />
    </FormModal>
  );
}

/** What keeps it from running too often or too long. */
function GuardFields() {
  const { retraining: t } = useTexts();
  const needed = [{ required: true, message: t.needed }];
  return (
    <>
      <Form.Item name={['guards', 'cool_down']} label={t.coolDown} extra={t.durationHint} rules={needed}>
        <Input spellCheck={false} autoComplete="off" />
      </Form.Item>
      <Form.Item name={['guards', 'max_per_day']} label={t.maxPerDay} rules={needed}>
        <InputNumber min={1} max={100} style={{ width: '100%' }} />
      </Form.Item>
      <Form.Item name={['guards', 'min_label_coverage']} label={t.coverage} extra={t.coverageHint}>
        <InputNumber min={0} max={1} step={0.1} style={{ width: '100%' }} />
      </Form.Item>
      <Form.Item name="time_limit" label={t.timeLimit} extra={t.durationHint} rules={needed}>
        <Input spellCheck={false} autoComplete="off" />
      </Form.Item>
      <Form.Item name="model" label={t.model} extra={t.modelHint}>
        <Input spellCheck={false} autoComplete="off" />
      </Form.Item>
      <Form.Item name="paused" label={t.paused} extra={t.pausedHint}>
        <Switch />
      </Form.Item>
    </>
  );
}
