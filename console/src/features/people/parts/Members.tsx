import { useQuery } from '@tanstack/react-query';
import { Button, Form, Input, Select } from 'antd';
import { useState } from 'react';
import { asApiError, useMay } from '@/api';
import { FormModal } from '@/components/form/FormModal';
import { EmptyState } from '@/components/page/EmptyState';
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
import { RemoveDialog } from './RemoveDialog';

/** Who is in a project, and as what. */
export function Members({ project }: { project: string }) {
  const { members: t, roles } = useTexts().people;
  const common = useTexts().common;
  const isManager = useMay()('admin', project);
  const query = useQuery(membersQuery(project));
  const [isNew, setNew] = useState(false);
  const [removed, setRemoved] = useState<Member | null>(null);
  const write = usePeopleWrite(({ user, role }: { user: string; role: Role }) =>
    setMember(project, user, role),
  );
  const options = ROLES.map((role) => ({ value: role, label: roles[role] }));
  const roleOf = (member: Member) =>
    isManager ? (
      <Select
        size="small"
        aria-label={`${t.role}: ${member.user}`}
        value={member.role}
        options={options}
        style={{ minWidth: 120 }}
        onChange={(role) => write.mutate({ user: member.user, role })}
      />
    ) : (
      roles[member.role]
    );
  return (
    <>
      {write.error && !isNew && <ErrorNotice error={asApiError(write.error)} />}
      <ListCard<Member>
        title={t.title}
        query={query}
        rowKey={(member) => member.user}
        empty={<EmptyState title={t.empty} hint={t.emptyHint} />}
        actions={isManager && <Button onClick={() => setNew(true)}>{t.add}</Button>}
        columns={[
          { title: t.user, dataIndex: 'user' },
          { title: t.role, key: 'role', render: (_, member) => roleOf(member) },
          { title: t.since, key: 'since', render: (_, member) => <Timestamp at={member.created_at} /> },
          ...(isManager
            ? [
                {
                  title: common.actions,
                  key: 'actions',
                  render: (_: unknown, member: Member) => (
                    <Button size="small" danger onClick={() => setRemoved(member)}>
                      {common.delete}
                    </Button>
                  ),
                },
              ]
            : []),
        ]}
      />
      {isNew && (
        <FormModal<{ user: string; role: Role }>
          title={t.add}
          initial={{ role: 'viewer' }}
          submit={write.mutateAsync}
          onClose={() => setNew(false)}
        >
          <Form.Item name="user" label={t.user} rules={[{ required: true }]}>
            <Input autoFocus />
          </Form.Item>
          <Form.Item name="role" label={t.role}>
            <Select options={options} />
          </Form.Item>
        </FormModal>
      )}
      {removed !== null && (
        <RemoveDialog
          name={removed.user}
          title={t.remove(removed.user)}
          hint={t.removeHint}
          remove={() => removeMember(project, removed.user)}
          onClose={() => setRemoved(null)}
        />
      )}
    </>
  );
}
