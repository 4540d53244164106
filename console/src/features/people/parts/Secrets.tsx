import { useQuery } from '@tanstack/react-query';
import { Button, Tag } from 'antd';
import { useState } from 'react';
import { secretsQuery, useMay } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { ListCard } from '@/components/page/ListCard';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { deleteSecret, type Secret, usePeopleWrite } from '../queries';

/** Names and fields of secrets; their values are never shown. */
export function Secrets() {
  const t = useTexts().people.secrets;
  const common = useTexts().common;
  const may = useMay();
  const query = useQuery(secretsQuery);
  const [removed, setRemoved] = useState<Secret | null>(null);
  const remove = usePeopleWrite(deleteSecret);
  return (
    <>
      <ListCard<Secret>
        texts={t}
        query={query}
        rowKey={(secret) => secret.id}
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
            fixed: 'right',
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
        <ConfirmByName
          name={removed.name}
          title={t.remove(removed.name)}
          confirm={() => remove.mutateAsync(removed.name)}
          onClose={() => setRemoved(null)}
        >
          {t.removeHint}
        </ConfirmByName>
      )}
    </>
  );
}
