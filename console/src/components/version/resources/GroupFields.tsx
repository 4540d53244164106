import { useQuery } from '@tanstack/react-query';
import { Alert, AutoComplete, Flex, Form, InputNumber, Select } from 'antd';
import { capacityQuery, groupsQuery } from '@/api';
import { useFormats, useTexts } from '@/i18n';
import { useFieldName, useValue } from '../place';
import { GROUP } from '../values';
import { freeOf } from './capacity';
import { useGpuKindRule } from './gpuKind';

/** A group of the project, with what is free in it, and the size of a pod. */
export function GroupFields({ project }: { project: string }) {
  const t = useTexts().versionFields;
  const formats = useFormats();
  const field = useFieldName();
  const [place] = useValue('resource_source');
  const { group, ...size } = place?.kind === 'group' ? place : GROUP;
  const { data: groups = [] } = useQuery(groupsQuery(project));
  const { data: pools = [] } = useQuery(capacityQuery);
  const free = freeOf(pools, group, size);
  const kindRule = useGpuKindRule();
  const rules = [{ required: true, message: t.needed }];
  const number = (name: string, label: string, least: number, step: number) => (
    <Form.Item name={field('resource_source', name)} label={label} rules={rules}>
      <InputNumber min={least} step={step} />
    </Form.Item>
  );
  return (
    <>
      <Form.Item
        name={field('resource_source', 'group')}
        label={t.group}
        rules={rules}
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
        {size.gpu > 0 && (
          <Form.Item
            name={field('resource_source', 'gpu_kind')}
            label={t.gpuKind}
            tooltip={t.gpuKindHint}
            rules={[kindRule]}
          >
            <AutoComplete
              allowClear
              placeholder={t.anyKind}
              options={free.kinds.map((value) => ({ value }))}
              style={{ minWidth: 220 }}
            />
          </Form.Item>
        )}
      </Flex>
      {group !== '' && !free.hasRoom && (
        <Alert type="warning" showIcon title={t.noRoom} style={{ marginBottom: 16 }} />
      )}
    </>
  );
}
