import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { useState } from 'react';
import { projectsQuery, useSession } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { FormModal } from '@/components/form/FormModal';
import { DescriptionField, NameField } from '@/components/form/NameFields';
import { ListCard } from '@/components/page/ListCard';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { createProject, deleteProject, type Project, usePeopleWrite } from '../queries';

/** Projects of the user; an administrator sees all. */
export function Projects() {
  const { projects: t, roles } = useTexts().people;
  const common = useTexts().common;
  const { is_admin: isAdmin } = useSession();
  const query = useQuery(projectsQuery);
  const [isNew, setNew] = useState(false);
  const [removed, setRemoved] = useState<Project | null>(null);
  const remove = usePeopleWrite(deleteProject);
  const write = usePeopleWrite(({ name, description = '' }: { name: string; description?: string }) =>
    createProject({ name, description }),
  );
  return (
    <>
      <ListCard<Project>
        texts={t}
        query={query}
        rowKey={(project) => project.name}
        actions={isAdmin && <Button onClick={() => setNew(true)}>{t.create}</Button>}
        rowActions={
          isAdmin &&
          ((project) => (
            <Button size="small" danger onClick={() => setRemoved(project)}>
              {common.delete}
            </Button>
          ))
        }
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
        ]}
      />
      {isNew && (
        <FormModal<{ name: string; description?: string }>
          title={t.create}
          action={common.create}
          submit={write.mutateAsync}
          onClose={() => setNew(false)}
        >
          <NameField />
          <DescriptionField />
        </FormModal>
      )}
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

function ProjectLink({ name }: { name: string }) {
  return (
    <Link to="/people/$project" params={{ project: name }}>
      {name}
    </Link>
  );
}
