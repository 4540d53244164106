import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button, Tag } from 'antd';
import { useState } from 'react';
import { groupsQuery, useSession } from '@/api';
import { BackendName } from '@/components/backend/BackendName';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { FormModal } from '@/components/form/FormModal';
import { DescriptionField, NameField } from '@/components/form/NameFields';
import { ListCard } from '@/components/page/ListCard';
import { Wrapped } from '@/components/text/Wrapped';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { createGroup, deleteGroup, type Group, type NewGroup, useResourceWrite } from '../queries';
import { BackendField } from './BackendField';
import { Size } from './Size';

/** Resource groups that the user may see. */
export function Groups() {
  const t = useTexts().resources.groups;
  const common = useTexts().common;
  const { is_admin: isAdmin } = useSession();
  const query = useQuery(groupsQuery());
  const [isNew, setNew] = useState(false);
  const [removed, setRemoved] = useState<Group | null>(null);
  return (
    <>
      <ListCard<Group>
        texts={t}
        query={query}
        rowKey={(group) => group.id}
        actions={isAdmin && <Button onClick={() => setNew(true)}>{t.create}</Button>}
        rowActions={
          isAdmin &&
          ((group) => (
            <Button size="small" danger onClick={() => setRemoved(group)}>
              {common.delete}
            </Button>
          ))
        }
        columns={[
          { title: common.name, key: 'name', render: (_, group) => <GroupLink name={group.name} /> },
          {
            title: t.backend,
            dataIndex: 'backend',
            render: (backend: Group['backend']) => <BackendName backend={backend} />,
          },
          { title: t.nodes, dataIndex: 'nodes', align: 'right' },
          { title: t.capacity, key: 'capacity', render: (_, group) => <Size of={group.capacity} /> },
          {
            title: t.projects,
            key: 'projects',
            render: (_, group) => group.projects.map((project) => <Tag key={project}>{project}</Tag>),
          },
          { title: t.boundTo, dataIndex: 'service', render: (service: string | null) => service ?? '–' },
          {
            title: common.description,
            dataIndex: 'description',
            render: (text: string) => <Wrapped>{text}</Wrapped>,
          },
          {
            title: common.created,
            key: 'created',
            render: (_, group) => <Timestamp at={group.created_at} />,
          },
        ]}
      />
      {isNew && <NewGroupForm onClose={() => setNew(false)} />}
      {removed !== null && <RemoveGroup group={removed} onClose={() => setRemoved(null)} />}
    </>
  );
}

function GroupLink({ name }: { name: string }) {
  return (
    <Link to="/resources/$group" params={{ group: name }}>
      {name}
    </Link>
  );
}

function NewGroupForm({ onClose }: { onClose: () => void }) {
  const t = useTexts().resources.groups;
  const common = useTexts().common;
  const write = useResourceWrite((values: NewGroup) => createGroup(values));
  return (
    <FormModal<NewGroup> title={t.create} action={common.create} submit={write.mutateAsync} onClose={onClose}>
      <NameField />
      <DescriptionField />
      <BackendField />
    </FormModal>
  );
}

function RemoveGroup({ group, onClose }: { group: Group; onClose: () => void }) {
  const t = useTexts().resources.groups;
  const write = useResourceWrite(deleteGroup);
  return (
    <ConfirmByName
      name={group.name}
      title={t.remove(group.name)}
      confirm={() => write.mutateAsync(group.name)}
      onClose={onClose}
    >
      {t.removeHint}
    </ConfirmByName>
  );
}
