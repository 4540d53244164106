import { useQuery } from '@tanstack/react-query';
import { Button, Flex, Tag } from 'antd';
import { useState } from 'react';
import { asApiError } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { ListCard } from '@/components/page/ListCard';
import { ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { changeUser, deleteUser, type User, usePeopleWrite, usersQuery } from '../queries';
import { NewUserForm } from './NewUserForm';

/** Everybody who may sign in; for administrators. */
export function Users() {
  const { users: t, roles } = useTexts().people;
  const common = useTexts().common;
  const query = useQuery(usersQuery);
  const [isNew, setNew] = useState(false);
  const [removed, setRemoved] = useState<User | null>(null);
  const remove = usePeopleWrite(deleteUser);
  const toggle = usePeopleWrite((user: User) => changeUser(user.name, { is_disabled: !user.is_disabled }));
  const rolesOf = (user: User) =>
    Object.entries(user.roles).map(([project, role]) => (
      <Tag key={project}>
        {project}: {roles[role]}
      </Tag>
    ));
  return (
    <>
      {toggle.error && <ErrorNotice error={asApiError(toggle.error)} />}
      <ListCard<User>
        texts={t}
        query={query}
        rowKey={(user) => user.id}
        actions={<Button onClick={() => setNew(true)}>{t.create}</Button>}
        columns={[
          { title: common.name, dataIndex: 'name' },
          {
            title: common.status,
            key: 'status',
            render: (_, user) => (
              <Flex gap={4}>
                <ToneTag tone={user.is_disabled ? 'idle' : 'ok'}>
                  {user.is_disabled ? t.disabled : t.active}
                </ToneTag>
                {user.is_admin && <Tag>{t.admin}</Tag>}
              </Flex>
            ),
          },
          { title: t.roles, key: 'roles', render: (_, user) => rolesOf(user) },
          { title: t.identity, key: 'identity', render: (_, user) => user.subject ?? '–' },
          { title: common.description, dataIndex: 'description' },
          { title: common.created, key: 'created', render: (_, user) => <Timestamp at={user.created_at} /> },
          {
            title: common.actions,
            key: 'actions',
            fixed: 'right',
            render: (_, user) => (
              <Flex gap={4}>
                <Button size="small" onClick={() => toggle.mutate(user)}>
                  {user.is_disabled ? t.enable : t.disable}
                </Button>
                <Button size="small" danger onClick={() => setRemoved(user)}>
                  {common.delete}
                </Button>
              </Flex>
            ),
          },
        ]}
      />
      {isNew && <NewUserForm onClose={() => setNew(false)} />}
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
