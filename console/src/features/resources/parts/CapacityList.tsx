import { useQuery } from '@tanstack/react-query';
import { capacityQuery, groupsQuery } from '@/api';
import { BackendName } from '@/components/backend/BackendName';
import { ListCard } from '@/components/page/ListCard';
import { ToneTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';
import type { Pool } from '../queries';
import { GpuKinds, Pods, Size } from './Size';

/** Room for pods in the shared pool and on the nodes of groups. */
export function CapacityList() {
  const t = useTexts().resources.capacity;
  const groups = useTexts().resources.groups;
  const kinds = useTexts().resources.gpuKinds;
  const query = useQuery(capacityQuery);
  return (
    <ListCard<Pool>
      texts={t}
      query={query}
      rowKey={(pool) => `${pool.group ?? ''}/${pool.node ?? ''}`}
      columns={[
        {
          title: t.pool,
          key: 'pool',
          render: (_, pool) => (pool.node === null ? t.shared : `${pool.group} / ${pool.node}`),
        },
        { title: groups.backend, key: 'backend', render: (_, pool) => <RunsPods pool={pool} /> },
        { title: groups.capacity, key: 'capacity', render: (_, pool) => <Size of={pool.capacity} /> },
        { title: t.free, key: 'free', render: (_, pool) => <Size of={pool.free} /> },
        { title: kinds, key: 'kinds', render: (_, pool) => <GpuKinds of={pool.gpu_kinds} /> },
        { title: t.held, key: 'held', align: 'right', render: (_, pool) => <Pods of={pool.held} /> },
        { title: t.waiting, key: 'waiting', align: 'right', render: (_, pool) => <Pods of={pool.waiting} /> },
        {
          title: '',
          key: 'open',
          render: (_, pool) => (
            <ToneTag tone={pool.is_open ? 'ok' : 'idle'}>{pool.is_open ? t.open : t.closed}</ToneTag>
          ),
        },
      ]}
    />
  );
}

/** What runs pods there; a dash where the group is not the user's to see. */
function RunsPods({ pool }: { pool: Pool }) {
  const { data: groups = [] } = useQuery(groupsQuery());
  if (pool.group === null) return <BackendName backend={null} />;
  const group = groups.find(({ name }) => name === pool.group);
  return group === undefined ? <>–</> : <BackendName backend={group.backend} />;
}
