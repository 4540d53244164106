import { Form, Radio, Switch } from 'antd';
import { RegistrySelect } from '@/components/model/RegistrySelect';
import { useTexts } from '@/i18n';
import { useFieldName, useValue } from '../place';
import { ChosenModel } from './ChosenModel';
import { AliasSelect, ModelSelect, VersionSelect } from './ModelSelects';

/** Which model of the registry: by its version, or by an alias; what the registry knows of it below. */
export function ModelFields() {
  const t = useTexts().versionFields;
  const field = useFieldName();
  const [by] = useValue('by');
  const [source, setSource] = useValue('model_source');
  const { model = '', registry = '' } = source ?? {};
  const needed = [{ required: true, message: t.needed }];
  return (
    <>
      <Form.Item name={field('model_source', 'registry')} noStyle>
        <RegistrySelect />
      </Form.Item>
      <Form.Item name={field('model_source', 'model')} label={t.model} extra={t.modelHint} rules={needed}>
        <ModelSelect
          registry={registry}
          onPicked={() => source && setSource({ ...source, version: '', alias: '' })}
        />
      </Form.Item>
      {model !== '' && (
        <Form.Item name={field('by')} label={t.by.label}>
          <Radio.Group
            options={(['version', 'alias'] as const).map((value) => ({ value, label: t.by[value] }))}
          />
        </Form.Item>
      )}
      {model !== '' && by === 'version' && (
        <Form.Item name={field('model_source', 'version')} label={t.modelVersion} rules={needed}>
          <VersionSelect model={model} registry={registry} />
        </Form.Item>
      )}
      {model !== '' && by === 'alias' && (
        <>
          <Form.Item name={field('model_source', 'alias')} label={t.alias} rules={needed}>
            <AliasSelect model={model} registry={registry} />
          </Form.Item>
          <Form.Item name={field('model_source', 'follow')} label={t.follow} extra={t.followHint}>
            <Switch />
          </Form.Item>
        </>
      )}
      <ChosenModel />
    </>
  );
}
