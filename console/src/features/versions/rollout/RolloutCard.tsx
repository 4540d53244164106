import { useQuery } from '@tanstack/react-query';
import { Card, Flex, Typography } from 'antd';
import { asApiError, type Service, type Version } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { liveQuery } from '../queries';
import { liveFigures } from './live';
import { MoveAll } from './MoveAll';
import { SideBySide } from './SideBySide';

interface Props {
  service: Service;
  /** Oldest first. */
  versions: readonly Version[];
  mayEdit: boolean;
}

/** Old and new side by side while both answer, with one click back. */
export function RolloutCard({ service, versions, mayEdit }: Props) {
  const t = useTexts().versions;
  const live = useQuery(liveQuery(service.name));
  return (
    <Card size="small" title={t.rollout}>
      <Flex vertical gap="small">
        <Typography.Text type="secondary">{t.rolloutHint}</Typography.Text>
        {live.error && <ErrorNotice error={asApiError(live.error)} />}
        <SideBySide
          versions={versions}
          figures={versions.map((version) => liveFigures(live.data ?? [], version.name))}
        />
        {mayEdit && <MoveAll service={service} versions={versions} />}
      </Flex>
    </Card>
  );
}
