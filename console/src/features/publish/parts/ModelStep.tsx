import { Form, Radio, Switch } from 'antd';
import { RegistrySelect } from '@/components/model/RegistrySelect';
import { useTexts } from '@/i18n';
import { ChosenModel } from './ChosenModel';
import { AliasSelect, ModelSelect, VersionSelect } from './ModelSelects';

const SOURCE = ['version', 'model_source'];

export function ModelStep() {
  const t = useTexts().publish;
  const form = Form.useFormInstance();
  const by = Form.useWatch('by');
  const model = Form.useWatch([...SOURCE, 'model']) ?? '';
  const registry = Form.useWatch([...SOURCE, 'registry']) ?? '';
  const forgetVersion = () => {
    form.setFieldValue([...SOURCE, 'version'], '');
    form.setFieldValue([...SOURCE, 'alias'], '');
  };
  const needed = [{ required: true, message: t.needed }];
  return (
    <>
      <Form.Item name={[...SOURCE, 'registry']} noStyle>
        <RegistrySelect />
      </Form.Item>
      <Form.Item name={[...SOURCE, 'model']} label={t.model} extra={t.modelHint} rules={needed}>
        <ModelSelect registry={registry} onPicked={forgetVersion} />
      </Form.Item>
      {model !== '' && (
        <Form.Item name="by" label={t.by.label}>
          <Radio.Group
            options={[
              { value: 'version', label: t.by.version },
              { value: 'alias', label: t.by.alias },
            ]}
          />
        </Form.Item>
      )}
      {model !== '' && by === 'version' && (
        <Form.Item name={[...SOURCE, 'version']} label={t.modelVersion} rules={needed}>
          <VersionSelect model={model} registry={registry} />
        </Form.Item>
      )}
      {model !== '' && by === 'alias' && (
        <>
          <Form.Item name={[...SOURCE, 'alias']} label={t.alias} rules={needed}>
            <AliasSelect model={model} registry={registry} />
          </Form.Item>
          <Form.Item name={[...SOURCE, 'follow']} label={t.follow} extra={t.followHint}>
            <Switch />
          </Form.Item>
        </>
      )}
      <ChosenModel />
    </>
  );
}
