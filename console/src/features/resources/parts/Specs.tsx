import { useQuery } from '@tanstack/react-query';
import { Button, Flex } from 'antd';
import { useState } from 'react';
import { specsQuery, useSession } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { ListCard } from '@/components/page/ListCard';
import { Wrapped } from '@/components/text/Wrapped';
import { useFormats, useTexts } from '@/i18n';
import { deleteSpec, type Spec, useResourceWrite } from '../queries';
import { SpecForm } from './SpecForm';

/** Sizes that pods can have, with their prices. */
export function Specs() {
  const { specs: t, ...r } = useTexts().resources;
  const common = useTexts().common;
  const formats = useFormats();
  const { is_admin: isAdmin } = useSession();
  const query = useQuery(specsQuery);
  const [edited, setEdited] = useState<Spec | 'new' | null>(null);
  const [removed, setRemoved] = useState<Spec | null>(null);
  const actions = (spec: Spec) => (
    <Flex gap="small">
      <Button size="small" onClick={() => setEdited(spec)}>
        {common.edit}
      </Button>
      <Button size="small" danger onClick={() => setRemoved(spec)}>
        {common.delete}
      </Button>
    </Flex>
  );
  return (
    <>
      <ListCard<Spec>
        texts={t}
        query={query}
        rowKey={(spec) => spec.name}
        actions={isAdmin && <Button onClick={() => setEdited('new')}>{t.create}</Button>}
        rowActions={isAdmin && actions}
        columns={[
          { title: common.name, dataIndex: 'name', render: (name: string) => <Wrapped>{name}</Wrapped> },
          {
            title: r.cpu,
            dataIndex: 'cpu',
            align: 'right',
            render: (value: number) => formats.number(value, 2),
          },
          {
            title: r.memory,
            dataIndex: 'memory_gb',
            align: 'right',
            render: (value: number) => formats.number(value, 2),
          },
          {
            title: r.gpu,
            key: 'gpu',
            align: 'right',
            render: (_, { gpu, gpu_kind }) => (gpu_kind === null ? gpu : `${gpu} × ${gpu_kind}`),
          },
          {
            title: t.price,
            dataIndex: 'price_per_hour',
            align: 'right',
            render: (value: number) => formats.number(value, 4),
          },
          {
            title: common.description,
            dataIndex: 'description',
            render: (text: string) => <Wrapped>{text}</Wrapped>,
          },
        ]}
      />
      {edited !== null && (
        <SpecForm spec={edited === 'new' ? null : edited} onClose={() => setEdited(null)} />
      )}
      {removed !== null && <RemoveSpec spec={removed} onClose={() => setRemoved(null)} />}
    </>
  );
}

function RemoveSpec({ spec, onClose }: { spec: Spec; onClose: () => void }) {
  const t = useTexts().resources.specs;
  const write = useResourceWrite(deleteSpec);
  return (
    <ConfirmByName
      name={spec.name}
      title={t.remove(spec.name)}
      confirm={() => write.mutateAsync(spec.name)}
      onClose={onClose}
    >
      {t.removeHint}
    </ConfirmByName>
  );
}
