import { RollbackOutlined } from '@ant-design/icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Alert, App, Button, Card, Flex, Progress } from 'antd';
import { asApiError, type Version } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { ChangesTable } from '@/components/review/ChangesTable';
import { useTexts } from '@/i18n';
import { changeVersion, type HistoryItem, historyQuery, useChanged } from '../queries';
import { reversal } from './reversal';

/** An update that is under way: how far it is, what it changes, and one click to take it back. */
export function UpdatingCard({ version, mayEdit }: { version: Version; mayEdit: boolean }) {
  const t = useTexts().versions;
  const { data } = useInfiniteQuery(historyQuery(version.service, version.name));
  const last = data?.pages[0]?.items[0];
  const share = version.desired_replicas > 0 ? version.ready_replicas / version.desired_replicas : 0;
  const mayTakeBack = mayEdit && last?.action === 'updated';
  return (
    <Card
      size="small"
      title={t.updating(version.name)}
      extra={mayTakeBack && <TakeBack version={version} last={last} />}
    >
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
        {last !== undefined && last.changes.length > 0 && (
          <ChangesTable changes={last.changes} before={t.before} after={t.after} />
        )}
      </Flex>
    </Card>
  );
}

function TakeBack({ version, last }: { version: Version; last: HistoryItem }) {
  const t = useTexts().versions;
  const { modal } = App.useApp();
  const changed = useChanged(version.service);
  const change = reversal(version, last.changes);
  if (Object.keys(change).length === 0) return null;
  const run = async () => {
    try {
      await changeVersion(version, change, version.revision);
      await changed();
    } catch (thrown) {
      modal.error({ title: t.takeBack, content: <ErrorNotice error={asApiError(thrown)} />, icon: null });
    }
  };
  return (
    <Button danger icon={<RollbackOutlined />} onClick={() => void run()}>
      {t.takeBack}
    </Button>
  );
}
