import { useInfiniteQuery } from '@tanstack/react-query';
import { Alert, Card, Flex, Progress } from 'antd';
import type { Version } from '@/api';
import { ChangesTable } from '@/components/review/ChangesTable';
import { useTexts } from '@/i18n';
import { historyQuery } from '../queries';

/** An update that is under way: how far it is, and what it changes. */
export function UpdatingCard({ version }: { version: Version }) {
  const t = useTexts().versions;
  const { data } = useInfiniteQuery(historyQuery(version.service, version.name));
  const last = data?.pages[0]?.items[0];
  const share = version.desired_replicas > 0 ? version.ready_replicas / version.desired_replicas : 0;
  return (
    <Card size="small" title={t.updating(version.name)}>
      <Flex vertical gap="small">
        <Alert type="info" showIcon title={t.updatingHint} />
        <Flex gap="middle" align="center">
          <Progress
            percent={Math.round(Math.min(1, share) * 100)}
            style={{ maxWidth: 320 }}
            aria-label={t.updating(version.name)}
          />
          {t.podsReady(version.ready_replicas, version.desired_replicas)}
        </Flex>
        {last !== undefined && last.changes.length > 0 && <ChangesTable changes={last.changes} />}
      </Flex>
    </Card>
  );
}
