import { useQuery } from '@tanstack/react-query';
import { Alert, AutoComplete, Flex, Form, InputNumber, type InputNumberProps, Select } from 'antd';
import { capacityQuery, groupsQuery } from '@/api';
import { Problem } from '@/components/backend/BackendOption';
import { useGroupOptions } from '@/components/backend/groupOptions';
import { useBackends } from '@/components/backend/useBackends';
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
  const chosen = groups.find(({ name }) => name === group);
  const choice = useGroupOptions(groups);
  const { runnerOf } = useBackends();
  const free = freeOf(pools, group, size);
  const kindRule = useGpuKindRule();
  const rules = [{ required: true, message: t.needed }];
  const number = (name: string, label: string, limits: InputNumberProps) => (
    <Form.Item name={field('resource_source', name)} label={label} rules={rules}>
      <InputNumber {...limits} />
    </Form.Item>
  );
  return (
    <>
      <Form.Item
        name={field('resource_source', 'group')}
        label={t.group}
        rules={rules}
        extra={
          group !== '' && (
            <>
              <div role="status">{chosen && <Problem of={runnerOf(chosen.backend)} />}</div>
              {t.free(formats.number(free.cpu, 2), formats.number(free.memory_gb, 2), String(free.gpu))}
            </>
          )
        }
      >
        <Select notFoundContent={t.noGroups} {...choice} />
      </Form.Item>
      <Flex gap="middle" wrap>
        {number('cpu', t.cores, { min: 0.1, max: 1024, step: 0.5 })}
        {number('memory_gb', `${t.memory} (GiB)`, { min: 0.1, max: 65_536, step: 1 })}
        {number('gpu', t.gpu, { min: 0, max: 64, precision: 0 })}
        {size.gpu > 0 && (
          <Form.Item
            name={field('resource_source', 'gpu_kind')}
            label={t.gpuKind}
            tooltip={t.gpuKindHint}
            rules={[kindRule]}
          >
            <AutoComplete
              allowClear
              maxLength={64}
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
