import { useQuery } from '@tanstack/react-query';
import { Button, Flex } from 'antd';
import { useState } from 'react';
import { asApiError, useSession } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { ListCard } from '@/components/page/ListCard';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { isolate, type Node, nodesQuery, resume, useResourceWrite } from '../queries';
import { type NodeDialog, NodeDialogs } from './NodeDialogs';
import { GpuKinds, Size } from './Size';

const TONES: Record<Node['status'], Tone> = {
  ready: 'ok',
  isolated: 'warning',
  draining: 'busy',
  drained: 'idle',
  releasing: 'busy',
  expired: 'bad',
};

/** The nodes of a group, with what each has room for and what can be done with it. */
export function Nodes({ group }: { group: string }) {
  const t = useTexts().resources.nodes;
  const common = useTexts().common;
  const kinds = useTexts().resources.gpuKinds;
  const { is_admin: isAdmin } = useSession();
  const query = useQuery(nodesQuery(group));
  const [dialog, setDialog] = useState<NodeDialog | null>(null);
  const toggle = useResourceWrite((node: Node) =>
    node.status === 'isolated' ? resume(node) : isolate(node),
  );
  const actions = (node: Node) => (
    <Flex gap={4} wrap>
      <Button size="small" onClick={() => toggle.mutate(node)}>
        {node.status === 'isolated' ? t.resume : t.isolate}
      </Button>
      {(['drain', 'renew', 'move', 'release'] as const).map((kind) => (
        <Button key={kind} size="small" danger={kind === 'release'} onClick={() => setDialog({ kind, node })}>
          {t[kind]}
        </Button>
      ))}
    </Flex>
  );
  return (
    <>
      {toggle.error && <ErrorNotice error={asApiError(toggle.error)} />}
      <ListCard<Node>
        texts={t}
        query={query}
        rowKey={(node) => node.id}
        actions={isAdmin && <Button onClick={() => setDialog({ kind: 'add' })}>{t.create}</Button>}
        rowActions={isAdmin && actions}
        columns={[
          { title: common.name, dataIndex: 'name' },
          {
            title: common.status,
            key: 'status',
            render: (_, node) => <ToneTag tone={TONES[node.status]}>{t.status[node.status]}</ToneTag>,
          },
          { title: t.machine, dataIndex: 'machine' },
          { title: t.allocatable, key: 'allocatable', render: (_, node) => <Size of={node.allocatable} /> },
          { title: t.allocated, key: 'allocated', render: (_, node) => <Size of={node.allocated} /> },
          { title: kinds, key: 'kinds', render: (_, node) => <GpuKinds of={node.gpu_kinds} /> },
          { title: t.pods, dataIndex: 'pods', align: 'right', render: (pods: number | null) => pods ?? '–' },
          { title: t.billing, key: 'billing', render: (_, node) => t[node.billing_mode] },
          { title: t.expires, key: 'expires', render: (_, node) => <Expiry node={node} /> },
        ]}
      />
      {dialog !== null && <NodeDialogs group={group} dialog={dialog} onClose={() => setDialog(null)} />}
    </>
  );
}

function Expiry({ node }: { node: Node }) {
  const t = useTexts().resources.nodes;
  if (node.expires_at === null) return <>{t.never}</>;
  return (
    <Flex gap={4} align="center">
      <Timestamp at={node.expires_at} />
      {node.expires_soon && <ToneTag tone="warning">{t.soon}</ToneTag>}
    </Flex>
  );
}
