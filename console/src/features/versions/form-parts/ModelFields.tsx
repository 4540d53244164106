import { useQuery } from '@tanstack/react-query';
import { Checkbox, Flex, Form, Radio, Select } from 'antd';
import { modelQuery } from '@/components/model/queries';
import { useTexts } from '@/i18n';
import type { VersionValues } from '../form';
import { modelsQuery } from '../queries';

export function ModelFields() {
  const t = useTexts().versions;
  const models = useQuery(modelsQuery);
  const source = Form.useWatch<VersionValues['model_source'] | undefined>('model_source', { preserve: true });
  const by = Form.useWatch<VersionValues['by'] | undefined>('by') ?? 'version';
  const { data: model } = useQuery(modelQuery(source?.model ?? '', source?.registry ?? ''));
  const required = { required: true, message: t.needed };
  return (
    <>
      <Form.Item name={['model_source', 'model']} label={t.registeredModel} rules={[required]}>
        <Select
          showSearch
          loading={models.isPending}
          options={models.data?.map(({ name }) => ({ value: name, label: name })) ?? []}
        />
      </Form.Item>
      <Flex gap="middle" wrap>
        <Form.Item name="by" label={t.by}>
          <Radio.Group
            optionType="button"
            options={(['version', 'alias'] as const).map((value) => ({ value, label: t.byKinds[value] }))}
          />
        </Form.Item>
        {by === 'version' ? (
          <Form.Item
            name={['model_source', 'version']}
            label={t.modelVersion}
            rules={[required]}
            style={{ flex: 1, minWidth: 180 }}
          >
            <Select showSearch options={model?.versions?.map((value) => ({ value, label: value })) ?? []} />
          </Form.Item>
        ) : (
          <Form.Item
            name={['model_source', 'alias']}
            label={t.alias}
            rules={[required]}
            style={{ flex: 1, minWidth: 180 }}
          >
            <Select options={aliasOptions(model?.aliases ?? {})} />
          </Form.Item>
        )}
      </Flex>
      <Form.Item name={['model_source', 'follow']} valuePropName="checked" hidden={by !== 'alias'}>
        <Checkbox>{t.follow}</Checkbox>
      </Form.Item>
    </>
  );
}

function aliasOptions(aliases: Record<string, string>) {
  return Object.entries(aliases).map(([alias, version]) => ({
    value: alias,
    label: `${alias} (${version})`,
  }));
}
