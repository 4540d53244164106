import { useQuery } from '@tanstack/react-query';
import { Flex, Form, InputNumber, Radio, Select } from 'antd';
import { groupsQuery, specsQuery } from '@/api';
import { useFormats, useTexts } from '@/i18n';
import type { VersionValues } from '../form';

export function PlaceFields({ project }: { project: string }) {
  const t = useTexts().versions;
  const place = Form.useWatch<VersionValues['place'] | undefined>('place') ?? 'shared';
  return (
    <>
      <Form.Item name="place" label={t.where}>
        <Radio.Group
          optionType="button"
          options={(['shared', 'group'] as const).map((value) => ({ value, label: t.places[value] }))}
        />
      </Form.Item>
      {place === 'shared' ? <SpecField /> : <GroupFields project={project} />}
    </>
  );
}

function SpecField() {
  const t = useTexts().versions;
  const formats = useFormats();
  const specs = useQuery(specsQuery);
  return (
    <Form.Item
      name={['resource_source', 'spec']}
      label={t.spec}
      rules={[{ required: true, message: t.needed }]}
    >
      <Select
        showSearch
        loading={specs.isPending}
        options={
          specs.data?.map((spec) => ({
            value: spec.name,
            label: t.specText(spec.name, spec.cpu, spec.memory_gb, formats.number(spec.price_per_hour, 4)),
          })) ?? []
        }
      />
    </Form.Item>
  );
}

function GroupFields({ project }: { project: string }) {
  const t = useTexts().versions;
  const groups = useQuery(groupsQuery(project));
  const rules = [{ required: true, message: t.needed }];
  return (
    <Flex gap="middle" wrap>
      <Form.Item
        name={['resource_source', 'group']}
        label={t.groupName}
        rules={rules}
        style={{ flex: 1, minWidth: 180 }}
      >
        <Select
          loading={groups.isPending}
          options={groups.data?.map(({ name }) => ({ value: name, label: name })) ?? []}
        />
      </Form.Item>
      <Form.Item name={['resource_source', 'cpu']} label={t.cpuCores} rules={rules}>
        <InputNumber min={0.1} />
      </Form.Item>
      <Form.Item name={['resource_source', 'memory_gb']} label={t.memoryGb} rules={rules}>
        <InputNumber min={0.1} suffix="GiB" />
      </Form.Item>
      <Form.Item name={['resource_source', 'gpu']} label={t.gpus}>
        <InputNumber min={0} />
      </Form.Item>
    </Flex>
  );
}
