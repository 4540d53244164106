import { useQuery } from '@tanstack/react-query';
import { Alert, Flex, Form, InputNumber, Select } from 'antd';
import { capacityQuery, groupsQuery } from '@/api';
import { useFormats, useTexts } from '@/i18n';
import { freeOf } from '../capacity';
import type { Draft } from '../draft';

const SOURCE = ['version', 'resource_source'];

/** A group of the project, with what is free in it, and the size of a pod. */
export function GroupFields() {
  const t = useTexts().publish;
  const formats = useFormats();
  const form = Form.useFormInstance<Draft>();
  const project = Form.useWatch('project', { form, preserve: true }) ?? '';
  const { group = '', cpu = 0, memory_gb = 0, gpu = 0 } = Form.useWatch(SOURCE) ?? {};
  const { data: groups = [] } = useQuery(groupsQuery(project));
  const { data: pools = [] } = useQuery(capacityQuery);
  const free = freeOf(pools, group, { cpu, memory_gb, gpu });
  const number = (field: string, label: string, least: number, step: number) => (
    <Form.Item name={[...SOURCE, field]} label={label}>
      <InputNumber min={least} step={step} />
    </Form.Item>
  );
  return (
    <>
      <Form.Item
        name={[...SOURCE, 'group']}
        label={t.group}
        rules={[{ required: true, message: t.needed }]}
        extra={
          group !== '' && t.free(formats.number(free.cpu), formats.number(free.memory_gb), String(free.gpu))
        }
      >
        <Select
          notFoundContent={t.noGroups}
          options={groups.map(({ name }) => ({ value: name, label: name }))}
        />
      </Form.Item>
      <Flex gap="middle" wrap>
        {number('cpu', t.cores, 0.1, 0.5)}
        {number('memory_gb', `${t.memory} (GiB)`, 0.1, 1)}
        {number('gpu', t.gpu, 0, 1)}
      </Flex>
      {group !== '' && !free.hasRoom && (
        <Alert type="warning" showIcon title={t.noRoom} style={{ marginBottom: 16 }} />
      )}
    </>
  );
}
