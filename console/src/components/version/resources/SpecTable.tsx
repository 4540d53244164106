import { useQuery } from '@tanstack/react-query';
import { Alert, Flex, Radio, Table, Typography } from 'antd';
import { asApiError, capacityQuery, type Schemas, specsQuery } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useFormats, useTexts } from '@/i18n';
import { fits } from './capacity';

type Spec = Schemas['SpecView'];

/** Chooses a size by its row; says what is free in the shared pool. */
export function SpecTable(props: { value?: string; onChange?: (spec: string) => void }) {
  const t = useTexts().versionFields;
  const formats = useFormats();
  const { data: specs = [], error, isPending } = useQuery(specsQuery);
  const { data: pools = [] } = useQuery(capacityQuery);
  const pool = pools.find(({ group }) => group === null);
  const chosen = specs.find(({ name }) => name === props.value);
  return (
    <Flex vertical gap="small">
      {error !== null && <ErrorNotice error={asApiError(error)} />}
      <Table<Spec>
        rowKey="name"
        size="small"
        pagination={false}
        loading={isPending}
        scroll={{ y: 320, x: 'max-content' }}
        dataSource={specs}
        onRow={({ name }) => ({ onClick: () => props.onChange?.(name), style: { cursor: 'pointer' } })}
        columns={[
          {
            key: 'chosen',
            width: 32,
            render: (_, { name }) => (
              <Radio
                name="spec"
                aria-label={name}
                checked={name === props.value}
                onChange={() => props.onChange?.(name)}
              />
            ),
          },
          { title: t.spec, dataIndex: 'name' },
          { title: t.cores, align: 'right', render: (_, { cpu }) => formats.number(cpu, 2) },
          {
            title: t.memory,
            align: 'right',
            render: (_, spec) => `${formats.number(spec.memory_gb, 2)} GiB`,
          },
          {
            title: t.gpu,
            align: 'right',
            render: (_, { gpu, gpu_kind }) => (gpu_kind === null ? gpu : `${gpu} × ${gpu_kind}`),
          },
          { title: t.price, align: 'right', render: (_, spec) => formats.number(spec.price_per_hour, 4) },
        ]}
      />
      {pool !== undefined && (
        <Typography.Text type="secondary">
          {t.free(
            formats.number(pool.free.cpu, 2),
            formats.number(pool.free.memory_gb, 2),
            String(pool.free.gpu),
          )}
        </Typography.Text>
      )}
      {pool !== undefined && chosen !== undefined && !fits(chosen, pool.free, pool.gpu_kinds) && (
        <Alert type="warning" showIcon title={t.noRoom} />
      )}
    </Flex>
  );
}
