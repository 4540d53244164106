import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Flex } from 'antd';
import { AsCode } from '@/components/code/AsCode';
import { useColumnNames } from '@/components/column/names';
import { CursorPager } from '@/components/page/CursorPager';
import { ListCard } from '@/components/page/ListCard';
import { oneOf, text, useSearchState } from '@/components/page/useSearchState';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { listForms } from '../code';
import { type Alert, alertsQuery } from '../queries';
import { AlertFilters, STATES } from './AlertFilters';
import { SeverityTag, StateTag } from './Tags';

const PARAMS = {
  state: oneOf(STATES, 'open'),
  severity: oneOf(['', 'warning', 'critical'] as const, ''),
  service: text(),
  cursor: text(),
};

/** Alerts by state, severity and service, the newest first. */
export function Alerts() {
  const { alerts: t } = useTexts();
  const [search, setSearch] = useSearchState(PARAMS);
  const query = useQuery(alertsQuery(search));
  const isOpen = search.state === 'open';
  return (
    <Flex vertical gap="middle">
      <Flex gap="small" wrap justify="space-between">
        <AlertFilters value={search} onChange={(change) => setSearch({ ...change, cursor: '' })} />
        <AsCode forms={listForms(search)} />
      </Flex>
      <ListCard<Alert>
        texts={{
          title: t.listTitle,
          empty: isOpen ? t.nothingOpen : t.empty,
          emptyHint: isOpen ? t.nothingOpenHint : t.emptyHint,
        }}
        query={{ ...query, data: query.data?.items }}
        rowKey={({ id }) => id}
        columns={[
          { title: t.severity, key: 'severity', render: (_, of) => <SeverityTag of={of.severity} /> },
          { title: t.state, key: 'state', render: (_, of) => <StateTag of={of} /> },
          { title: t.what, key: 'what', render: (_, of) => <What of={of} /> },
          { title: t.service, key: 'service', render: (_, of) => of.service ?? t.platform },
          { title: t.opened, key: 'opened', render: (_, of) => <Timestamp at={of.opened_at} /> },
          { title: t.changed, key: 'updated', render: (_, of) => <Timestamp at={of.updated_at} /> },
        ]}
      />
      <CursorPager
        cursor={search.cursor}
        next={query.data?.next_cursor}
        onChange={(cursor) => setSearch({ cursor }, { push: true })}
      />
    </Flex>
  );
}

/** What is wrong in a sentence, and who says so. */
function What({ of }: { of: Alert }) {
  const t = useTexts().alerts;
  const nameOf = useColumnNames(of.labels.column === undefined ? null : of.service);
  const labels = Object.entries(of.labels).map(
    ([name, value]) => `${name}=${name === 'column' ? nameOf(value) : value}`,
  );
  return (
    <div style={{ minWidth: 240, maxWidth: 400, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
      <Link to="/alerts/$alert" params={{ alert: of.id }}>
        {of.summary}
      </Link>
      <Muted isLine>{[t.kinds[of.kind] ?? of.kind, of.monitor, ...labels].join(' · ')}</Muted>
    </div>
  );
}
