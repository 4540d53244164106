import { Form, Radio } from 'antd';
import { useTexts } from '@/i18n';
import { type Draft, GROUP, SHARED } from '../draft';
import { EnvFields } from './EnvFields';
import { GroupFields } from './GroupFields';
import type { StepProps } from './PublishForm';
import { ReplicaFields } from './ReplicaFields';
import { SpecTable } from './SpecTable';

const SOURCE: ['version', 'resource_source'] = ['version', 'resource_source'];

export function ResourcesStep(_: StepProps) {
  const t = useTexts().publish;
  const form = Form.useFormInstance<Draft>();
  const kind = Form.useWatch(SOURCE, { form, preserve: true })?.kind;
  return (
    <>
      <Form.Item label={t.where}>
        <Radio.Group
          optionType="button"
          value={kind}
          onChange={({ target }) => form.setFieldValue(SOURCE, target.value === 'group' ? GROUP : SHARED)}
          options={[
            { value: 'shared', label: t.sources.shared },
            { value: 'group', label: t.sources.group },
          ]}
        />
      </Form.Item>
      {kind === 'group' ? (
        <GroupFields />
      ) : (
        <Form.Item name={[...SOURCE, 'spec']} label={t.spec}>
          <SpecTable />
        </Form.Item>
      )}
      <ReplicaFields />
      <EnvFields />
    </>
  );
}
