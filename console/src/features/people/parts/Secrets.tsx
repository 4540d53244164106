import { useQuery } from '@tanstack/react-query';
import { Button, Tag } from 'antd';
import { useState } from 'react';
import { useMay } from '@/api';
import { EmptyState } from '@/components/page/EmptyState';
import { ListCard } from '@/components/page/ListCard';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { deleteSecret, type Secret, secretsQuery } from '../queries';
import { RemoveDialog } from './RemoveDialog';

/** Names and fields of secrets; their values are never shown. */
export function Secrets() {
  const t = useTexts().people.secrets;
  const common = useTexts().common;
  const may = useMay();
  const query = useQuery(secretsQuery);
  const [removed, setRemoved] = useState<Secret | null>(null);
  return (
    <>
      <ListCard<Secret>
        title={t.title}
        query={query}
        rowKey={(secret) => secret.id}
        empty={<EmptyState title={t.empty} hint={t.emptyHint} />}
        columns={[
          { title: common.name, dataIndex: 'name' },
          { title: common.project, dataIndex: 'project' },
          { title: t.kind, dataIndex: 'kind' },
          {
            title: t.fields,
            key: 'fields',
            render: (_, secret) => secret.fields.map((field) => <Tag key={field}>{field}</Tag>),
          },
          { title: common.description, dataIndex: 'description' },
          {
            title: common.updated,
            key: 'updated',
            render: (_, secret) => <Timestamp at={secret.updated_at} />,
          },
          {
            title: common.actions,
            key: 'actions',
            render: (_, secret) =>
              may('admin', secret.project) && (
                <Button size="small" danger onClick={() => setRemoved(secret)}>
                  {common.delete}
                </Button>
              ),
          },
        ]}
      />
      {removed !== null && (
        <RemoveDialog
          name={removed.name}
          title={t.remove(removed.name)}
          hint={t.removeHint}
          remove={() => deleteSecret(removed.name)}
          onClose={() => setRemoved(null)}
        />
      )}
    </>
  );
}
