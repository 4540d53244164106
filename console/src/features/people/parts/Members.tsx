import { useQuery } from '@tanstack/react-query';
import { Button, Form, Input, Select } from 'antd';
import { useState } from 'react';
import { asApiError, useMay } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { FormModal } from '@/components/form/FormModal';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { ListCard } from '@/components/page/ListCard';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import {
  type Member,
  membersQuery,
  ROLES,
  type Role,
  removeMember,
  setMember,
  usePeopleWrite,
} from '../queries';

/** Who is in a project, and as what. */
export function Members({ project }: { project: string }) {
  const { members: t, roles } = useTexts().people;
  const isManager = useMay()('admin', project);
  const query = useQuery(membersQuery(project));
  const [isNew, setNew] = useState(false);
  const [removed, setRemoved] = useState<Member | null>(null);
  const remove = usePeopleWrite((user: string) => removeMember(project, user));
  const set = ({ user, role }: { user: string; role: Role }) => setMember(project, user, role);
  const add = usePeopleWrite(set);
  const change = usePeopleWrite(set);
  const options = ROLES.map((role) => ({ value: role, label: roles[role] }));
  const roleOf = (member: Member) =>
    isManager ? (
      <Select
        size="small"
        aria-label={`${t.role}: ${member.user}`}
        value={member.role}
        options={options}
        style={{ minWidth: 120 }}
        onChange={(role) => change.mutate({ user: member.user, role })}
      />
    ) : (
      roles[member.role]
    );
  return (
    <>
      {change.error && <ErrorNotice error={asApiError(change.error)} />}
      <ListCard<Member>
        texts={t}
        query={query}
        rowKey={(member) => member.user}
        actions={isManager && <Button onClick={() => setNew(true)}>{t.add}</Button>}
        rowActions={
          isManager &&
          ((member) => (
            <Button size="small" danger onClick={() => setRemoved(member)}>
              {t.takeOut}
            </Button>
          ))
        }
        columns={[
          { title: t.user, dataIndex: 'user' },
          { title: t.role, key: 'role', render: (_, member) => roleOf(member) },
          { title: t.since, key: 'since', render: (_, member) => <Timestamp at={member.created_at} /> },
        ]}
      />
      {isNew && (
        <FormModal<{ user: string; role: Role }>
          title={t.add}
          initial={{ role: 'viewer' }}
          submit={add.mutateAsync}
          onClose={() => setNew(false)}
        >
          <Form.Item name="user" label={t.user} rules={[{ required: true }]}>
            <Input autoFocus maxLength={63} />
          </Form.Item>
          <Form.Item name="role" label={t.role}>
            <Select options={options} />
          </Form.Item>
        </FormModal>
      )}
      {removed !== null && (
        <ConfirmByName
          name={removed.user}
          title={t.remove(removed.user)}
          action={t.takeOut}
          confirm={() => remove.mutateAsync(removed.user)}
          onClose={() => setRemoved(null)}
        >
          {t.removeHint}
        </ConfirmByName>
      )}
    </>
  );
}
