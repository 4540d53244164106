import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Card, Flex } from 'antd';
import { useState } from 'react';
import { backendsQuery, useSession } from '@/api';
import { FormModal } from '@/components/form/FormModal';
import { useTexts } from '@/i18n';
import { changeGroup, type Group, useResourceWrite } from '../queries';
import { BackendField } from './BackendField';

/** What runs the pods of a group, and why it cannot where that is so. */
export function RunsOn({ group }: { group: Group }) {
  const t = useTexts().resources.groups;
  const { is_admin: isAdmin } = useSession();
  const { data: backends = [] } = useQuery(backendsQuery);
  const [isChanging, setChanging] = useState(false);
  const write = useResourceWrite((values: Pick<Group, 'backend'>) => changeGroup(group.name, values));
  const own = backends.find((each) =>
    group.backend === null ? each.is_default : each.name === group.backend,
  );
  const isMissing = group.backend !== null && backends.length > 0 && !own;
  const word =
    group.backend === null
      ? own
        ? t.defaultIs(t.backends[own.name])
        : t.byDefault
      : t.backends[group.backend];
  const canChange = isAdmin && (backends.length > 1 || group.backend !== null);
  return (
    <Card
      size="small"
      title={t.backend}
      extra={canChange && <Button onClick={() => setChanging(true)}>{t.changeBackend}</Button>}
    >
      <Flex vertical gap="small">
        <span>{own ? t.runsOn(word, own.machine) : word}</span>
        {own?.problem && <Alert type="warning" showIcon message={own.problem} />}
        {isMissing && <Alert type="warning" showIcon message={t.backendMissing} />}
      </Flex>
      {isChanging && (
        <FormModal<Pick<Group, 'backend'>>
          title={t.changeBackend}
          submit={write.mutateAsync}
          onClose={() => setChanging(false)}
        >
          <BackendField current={group.backend} />
        </FormModal>
      )}
    </Card>
  );
}
