import { Alert, Button, Card, Flex } from 'antd';
import { useState } from 'react';
import { useSession } from '@/api';
import { useBackends } from '@/components/backend/useBackends';
import { FormModal } from '@/components/form/FormModal';
import { useTexts } from '@/i18n';
import { changeGroup, type Group, useResourceWrite } from '../queries';
import { BackendField } from './BackendField';

/** What runs the pods of a group, and why it cannot where that is so. */
export function RunsOn({ group }: { group: Group }) {
  const t = useTexts().resources.groups;
  const { is_admin: isAdmin } = useSession();
  const { all, runnerOf } = useBackends();
  const { place, problem } = runnerOf(group.backend);
  const [isChanging, setChanging] = useState(false);
  const write = useResourceWrite((values: Pick<Group, 'backend'>) => changeGroup(group.name, values));
  const canChange = isAdmin && (all.length > 1 || group.backend !== null);
  return (
    <Card
      size="small"
      title={t.backend}
      extra={canChange && <Button onClick={() => setChanging(true)}>{t.changeBackend}</Button>}
    >
      <Flex vertical gap="small">
        <span>{place}</span>
        {problem !== null && <Alert type="warning" showIcon title={problem} />}
      </Flex>
      {isChanging && (
        <FormModal<Pick<Group, 'backend'>>
          title={t.changeBackend}
          submit={write.mutateAsync}
          onClose={() => setChanging(false)}
        >
          <BackendField of={group} />
        </FormModal>
      )}
    </Card>
  );
}
