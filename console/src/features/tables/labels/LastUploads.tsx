import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ListCard } from '@/components/page/ListCard';
import { Timestamp } from '@/components/time/Timestamp';
import { type Texts, useFormats, useTexts } from '@/i18n';
import { arrivalsQuery } from './queries';
import type { Arrival } from './upload';

const SOURCE = 'source:';

function cameBy(source: string, t: Texts['labels']): string {
  if (source.startsWith(SOURCE)) return t.fromSource(source.slice(SOURCE.length));
  return source === 'api' ? t.sent : source || '–';
}

/** What came last, and how many labels of it were new. */
export function LastUploads({ service }: { service: string }) {
  const t = useTexts().labels;
  const formats = useFormats();
  const query = useQuery(arrivalsQuery(service));
  return (
    <ListCard<Arrival>
      texts={{ title: t.last, empty: t.lastEmpty, emptyHint: t.lastEmptyHint }}
      query={query}
      rowKey={({ at, source }) => `${at} ${source}`}
      actions={
        query.data && query.data.length > 0 ? (
          <Link to="/services/$service/tables" params={{ service }} search={{ table: 'labels' }}>
            {t.openTable}
          </Link>
        ) : null
      }
      columns={[
        { title: t.received, key: 'at', render: (_, one) => <Timestamp at={one.at} exact /> },
        { title: t.source, key: 'source', render: (_, one) => cameBy(one.source, t) },
        {
          title: t.count,
          key: 'count',
          align: 'right',
          render: (_, one) => (one.isCut ? t.atLeast(formats.number(one.count)) : formats.number(one.count)),
        },
      ]}
    />
  );
}
