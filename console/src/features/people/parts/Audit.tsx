import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, Card, Flex, Table, Typography } from 'antd';
import { asApiError } from '@/api';
import { SearchField } from '@/components/filter/FilterField';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { text, useSearchState } from '@/components/page/useSearchState';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { type AuditEntry, auditQuery } from '../queries';

const PARAMS = { actor: text(), kind: text(), name: text() };

/** Who changed what, newest first, with what was before and after. */
export function Audit() {
  const t = useTexts().people.audit;
  const common = useTexts().common;
  const [filter, setFilter] = useSearchState(PARAMS);
  const query = useInfiniteQuery(auditQuery(filter));
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card size="small" title={t.title}>
      <Flex gap="small" wrap style={{ marginBottom: 12 }}>
        <SearchField
          label={t.actor}
          width={200}
          value={filter.actor}
          onChange={(actor) => setFilter({ actor })}
        />
        <SearchField
          label={t.kind}
          width={200}
          value={filter.kind}
          onChange={(kind) => setFilter({ kind })}
        />
        <SearchField
          label={common.name}
          width={240}
          value={filter.name}
          onChange={(name) => setFilter({ name })}
        />
      </Flex>
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      <Table<AuditEntry>
        size="small"
        rowKey={(entry) => entry.id}
        dataSource={entries}
        loading={query.isPending}
        pagination={false}
        scroll={{ x: 'max-content' }}
        locale={{ emptyText: query.isPending ? ' ' : <EmptyState title={t.empty} hint={t.emptyHint} /> }}
        expandable={{ expandedRowRender: (entry) => <BeforeAfter entry={entry} /> }}
        columns={[
          { title: t.at, key: 'at', render: (_, entry) => <Timestamp at={entry.at} exact /> },
          { title: t.actor, dataIndex: 'actor' },
          { title: t.action, dataIndex: 'action' },
          {
            title: t.resource,
            key: 'resource',
            render: (_, entry) => `${entry.resource_kind} ${entry.resource_name}`,
          },
          { title: common.project, dataIndex: 'project' },
        ]}
      />
      {query.hasNextPage && (
        <Button
          style={{ marginTop: 12 }}
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {common.loadMore}
        </Button>
      )}
    </Card>
  );
}

function BeforeAfter({ entry }: { entry: AuditEntry }) {
  const t = useTexts().people.audit;
  return (
    <Flex gap="large" wrap align="start">
      {([t.before, t.after] as const).map((label, index) => {
        const value = index === 0 ? entry.before : entry.after;
        return (
          <div key={label} style={{ flex: '1 1 320px', minWidth: 0 }}>
            <Typography.Text strong>{label}</Typography.Text>
            <pre tabIndex={0} style={{ margin: 0, maxHeight: 320, overflow: 'auto' }}>
              {value === null ? '–' : JSON.stringify(value, null, 2)}
            </pre>
          </div>
        );
      })}
      <div>
        {t.request} <code>{entry.request_id}</code>
      </div>
    </Flex>
  );
}
