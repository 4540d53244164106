import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useSession } from '@/api';
import { FormModal } from '@/components/form/FormModal';
import { EmptyState } from '@/components/page/EmptyState';
import { ListCard } from '@/components/page/ListCard';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { createProject, deleteProject, type Project, projectsQuery, usePeopleWrite } from '../queries';
import { RemoveDialog } from './RemoveDialog';

/** Projects of the user; an administrator sees all. */
export function Projects() {
  const { projects: t, roles } = useTexts().people;
  const common = useTexts().common;
  const { is_admin: isAdmin } = useSession();
  const query = useQuery(projectsQuery);
  const [isNew, setNew] = useState(false);
  const [removed, setRemoved] = useState<Project | null>(null);
  const write = usePeopleWrite(({ name, description = '' }: { name: string; description?: string }) =>
    createProject({ name, description }),
  );
  return (
    <>
      <ListCard<Project>
        title={t.title}
        query={query}
        rowKey={(project) => project.name}
        empty={<EmptyState title={t.empty} hint={t.emptyHint} />}
        actions={isAdmin && <Button onClick={() => setNew(true)}>{t.create}</Button>}
        columns={[
          { title: common.name, key: 'name', render: (_, project) => <ProjectLink name={project.name} /> },
          { title: common.description, dataIndex: 'description' },
          { title: t.role, key: 'role', render: (_, project) => (project.role ? roles[project.role] : '–') },
          { title: common.creator, dataIndex: 'creator' },
          {
            title: common.created,
            key: 'created',
            render: (_, project) => <Timestamp at={project.created_at} />,
          },
          ...(isAdmin
            ? [
                {
                  title: common.actions,
                  key: 'actions',
                  render: (_: unknown, project: Project) => (
                    <Button size="small" danger onClick={() => setRemoved(project)}>
                      {common.delete}
                    </Button>
                  ),
                },
              ]
            : []),
        ]}
      />
      {isNew && (
        <FormModal<{ name: string; description?: string }>
          title={t.create}
          action={common.create}
          submit={write.mutateAsync}
          onClose={() => setNew(false)}
        >
          <Form.Item name="name" label={common.name} rules={[{ required: true }]}>
            <Input autoFocus />
          </Form.Item>
          <Form.Item name="description" label={common.description}>
            <Input.TextArea rows={2} />
          </Form.Item>
        </FormModal>
      )}
      {removed !== null && (
        <RemoveDialog
          name={removed.name}
          title={t.remove(removed.name)}
          hint={t.removeHint}
          remove={() => deleteProject(removed.name)}
          onClose={() => setRemoved(null)}
        />
      )}
    </>
  );
}

function ProjectLink({ name }: { name: string }) {
  return (
    <Link to="/people/$project" params={{ project: name }}>
      {name}
    </Link>
  );
}
