import { useQuery } from '@tanstack/react-query';
import { Card, Table } from 'antd';
import { asApiError, type Version } from '@/api';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useFormats, useTexts } from '@/i18n';
import { type Pod, podsQuery, terminalQuery } from '../queries';
import { podColumns } from './podColumns';
import { StartTimeline } from './StartTimeline';

interface Props {
  version: Version;
  mayEdit: boolean;
  /** The pod whose start is shown; in the address. */
  open: string;
  onOpen: (pod: string) => void;
}

export function PodsCard({ version, mayEdit, open, onOpen }: Props) {
  const texts = useTexts();
  const t = texts.versions;
  const formats = useFormats();
  const pods = useQuery(podsQuery(version.service, version.name));
  const running = mayEdit ? pods.data?.find((pod) => pod.status === 'Running') : undefined;
  const hint = version.desired_replicas > 0 ? t.noPodsYetHint : t.noPodsHint;
  const hasTerminals = useQuery(terminalQuery(running)).data ?? false;
  return (
    <Card
      size="small"
      title={`${t.podsTitle} (${t.podsReady(version.ready_replicas, version.desired_replicas)})`}
    >
      {pods.error && <ErrorNotice error={asApiError(pods.error)} retry={() => void pods.refetch()} />}
      <Table<Pod>
        size="small"
        rowKey="name"
        loading={pods.isPending}
        dataSource={pods.data ?? []}
        columns={podColumns(texts, formats, { mayEdit, hasTerminals })}
        pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 'max-content' }}
        locale={{ emptyText: pods.isPending ? ' ' : <EmptyState title={t.noPods} hint={hint} /> }}
        expandable={{
          expandedRowKeys: open === '' ? [] : [open],
          onExpand: (isOpen, pod) => onOpen(isOpen ? pod.name : ''),
          expandedRowRender: (pod) => <StartTimeline pod={pod} />,
        }}
      />
    </Card>
  );
}
