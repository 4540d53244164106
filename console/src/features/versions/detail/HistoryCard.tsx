import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, Card, Flex, Timeline } from 'antd';
import { asApiError, type Version } from '@/api';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { ChangesTable } from '@/components/review/ChangesTable';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { type HistoryItem, historyQuery } from '../queries';

/** Who changed what of a version, newest first. */
export function HistoryCard({ version }: { version: Version }) {
  const { versions: t, common } = useTexts();
  const history = useInfiniteQuery(historyQuery(version.service, version.name));
  const items = history.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card size="small" title={t.history} loading={history.isPending}>
      {history.error && (
        <ErrorNotice error={asApiError(history.error)} retry={() => void history.refetch()} />
      )}
      {history.data && items.length === 0 && <EmptyState title={t.noHistory} hint={t.noHistoryHint} />}
      <Timeline
        style={{ marginTop: 8 }}
        items={items.map((item) => ({
          key: `${item.at} ${item.action} ${item.generation}`,
          content: <Change of={item} />,
        }))}
      />
      {history.hasNextPage && (
        <Button loading={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
          {common.loadMore}
        </Button>
      )}
    </Card>
  );
}

function Change({ of }: { of: HistoryItem }) {
  const t = useTexts().versions;
  return (
    <Flex vertical gap={4}>
      <Flex gap="small" wrap>
        <b>{t.byWhom(of.actor, t.actions[of.action] ?? of.action)}</b>
        <Timestamp at={of.at} exact />
        <span>
          {t.generation} {of.generation}
        </span>
      </Flex>
      {of.changes.length > 0 && <ChangesTable changes={of.changes} before={t.before} after={t.after} />}
    </Flex>
  );
}
