import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { capacityQuery, groupsQuery } from '@/api';
import { BackendName } from '@/components/backend/BackendName';
import { ListCard } from '@/components/page/ListCard';
import { ToneTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';
import type { Pool } from '../queries';
import { Pods, Room, WaitingPods } from './Size';

/** Room for pods in the shared pool and on the nodes of groups; groups without nodes that pods wait in. */
export function CapacityList() {
  const t = useTexts().resources.capacity;
  const groups = useTexts().resources.groups;
  const query = useQuery(capacityQuery);
  return (
    <ListCard<Pool>
      texts={t}
      query={query}
      rowKey={(pool) => `${pool.group ?? ''}/${pool.node ?? ''}`}
      columns={[
        { title: t.pool, key: 'pool', render: (_, pool) => <Where pool={pool} /> },
        { title: groups.backend, key: 'backend', render: (_, pool) => <RunsPods pool={pool} /> },
        { title: t.free, key: 'free', render: (_, pool) => <Room of={pool} /> },
        { title: t.held, key: 'held', align: 'right', render: (_, pool) => <Pods of={pool.held} /> },
        { title: t.waiting, key: 'waiting', render: (_, pool) => <WaitingPods of={pool.waiting} /> },
      ]}
    />
  );
}

/** The place, and whether pods may come to it. */
function Where({ pool: { group, node, is_open: isOpen } }: { pool: Pool }) {
  const t = useTexts().resources.capacity;
  const closed = group !== null && node === null ? t.noNodes : t.closed;
  return (
    <div style={{ maxWidth: 200, overflowWrap: 'anywhere' }}>
      {group === null ? (
        t.shared
      ) : (
        <Link to="/resources/$group" params={{ group }}>
          {node === null ? group : `${group} / ${node}`}
        </Link>
      )}
      <div>
        <ToneTag tone={isOpen ? 'ok' : 'idle'}>{isOpen ? t.open : closed}</ToneTag>
      </div>
    </div>
  );
}

/** What runs pods there; a dash where the group is not the user's to see. */
function RunsPods({ pool }: { pool: Pool }) {
  const { data: groups = [] } = useQuery(groupsQuery());
  if (pool.group === null) return <BackendName backend={null} />;
  const group = groups.find(({ name }) => name === pool.group);
  return group === undefined ? <>–</> : <BackendName backend={group.backend} />;
}
