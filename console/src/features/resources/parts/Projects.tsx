import { Button, Card, Flex, Form, Input, Tag } from 'antd';
import { useState } from 'react';
import { asApiError, useSession } from '@/api';
import { FormModal } from '@/components/form/FormModal';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { addProject, type Group, removeProject, useResourceWrite } from '../queries';

/** Projects whose services may run on the group's nodes. */
export function Projects({ group }: { group: Group }) {
  const t = useTexts().resources.projects;
  const common = useTexts().common;
  const { is_admin: isAdmin } = useSession();
  const [isAdding, setAdding] = useState(false);
  const add = useResourceWrite(({ project }: { project: string }) => addProject(group.name, project));
  const remove = useResourceWrite((project: string) => removeProject(group.name, project));
  return (
    <Card
      size="small"
      title={t.title}
      extra={isAdmin && <Button onClick={() => setAdding(true)}>{t.add}</Button>}
    >
      {remove.error && <ErrorNotice error={asApiError(remove.error)} />}
      <Flex gap="small" wrap>
        {group.projects.length === 0 && common.none}
        {group.projects.map((project) => (
          <Tag
            key={project}
            closable={isAdmin && { 'aria-label': t.remove(project) }}
            onClose={(event) => {
              event.preventDefault();
              remove.mutate(project);
            }}
          >
            {project}
          </Tag>
        ))}
      </Flex>
      {isAdding && (
        <FormModal<{ project: string }>
          title={t.add}
          submit={add.mutateAsync}
          onClose={() => setAdding(false)}
        >
          <Form.Item name="project" label={common.project} rules={[{ required: true }]}>
            <Input autoFocus maxLength={63} />
          </Form.Item>
        </FormModal>
      )}
    </Card>
  );
}
