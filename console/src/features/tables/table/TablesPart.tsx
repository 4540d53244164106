import { useQuery } from '@tanstack/react-query';
import { Flex, Segmented, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useSearchState } from '@/components/page/useSearchState';
import { type Texts, useTexts } from '@/i18n';
import { type Table, tablesQuery } from '../queries';
import { OneTable } from './OneTable';
import { FIRST_PAGE, PARAMS } from './search';

const KINDS = ['payload', 'inferences', 'labelled'] as const;

/** The tables of a service, one at a time. */
export function TablesPart({ service }: { service: string }) {
  const t = useTexts().tables;
  const query = useQuery(tablesQuery(service));
  const [search, setSearch] = useSearchState(PARAMS);
  if (query.error) return <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />;
  if (query.isPending) return <Skeleton active />;
  if (query.data.length === 0) return <EmptyState title={t.none} hint={t.noneHint} />;
  const kind = search.table || 'payload';
  const table = query.data.find((one) => one.kind === kind);
  return (
    <Flex vertical gap="middle">
      <Segmented
        aria-label={t.table}
        value={kind}
        options={kindsOf(query.data).map((value) => ({ value, label: nameOf(value, t) }))}
        onChange={(chosen) =>
          setSearch(
            { table: chosen === 'payload' ? '' : chosen, columns: [], order: '', where: '', ...FIRST_PAGE },
            { push: true },
          )
        }
      />
      {table === undefined ? (
        <EmptyState title={t.absentTitle} hint={isKnown(kind) ? t.absent[kind] : t.absent.other} />
      ) : (
        <OneTable key={table.name} table={table} search={search} setSearch={setSearch} />
      )}
    </Flex>
  );
}

/** The three that every service comes to have, then what else there is. */
export function kindsOf(tables: readonly Table[]): string[] {
  const others = tables.map((table) => table.kind).filter((kind) => !isKnown(kind));
  return [...KINDS, ...others.sort()];
}

function isKnown(kind: string): kind is (typeof KINDS)[number] {
  return KINDS.some((one) => one === kind);
}

function nameOf(kind: string, t: Texts['tables']): string {
  return kind in t.kinds ? t.kinds[kind as keyof typeof t.kinds] : kind;
}
