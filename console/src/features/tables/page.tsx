import { useParams } from '@tanstack/react-router';
import { Skeleton, Tabs } from 'antd';
import { lazy, Suspense } from 'react';
import { oneOf, useSearchState } from '@/components/page/useSearchState';
import { useTitle } from '@/components/page/useTitle';
import { useTexts } from '@/i18n';
import { TablesPart } from './table/TablesPart';

const PARTS = ['rows', 'accounting', 'labels', 'erasures'] as const;
const PARAMS = { tab: oneOf(PARTS, 'rows') };

const CONTENT = {
  rows: TablesPart,
  accounting: lazy(async () => ({ default: (await import('./accounting/Accounting')).Accounting })),
  labels: lazy(async () => ({ default: (await import('./labels/Labels')).Labels })),
  erasures: lazy(async () => ({ default: (await import('./erasures/Erasures')).Erasures })),
};

/** What a service has recorded: its tables, what became of each request, what was true, and who was erased. */
export function Page() {
  const { service } = useParams({ from: '/services/$service/tables' });
  const t = useTexts().tables;
  useTitle(`${t.title} · ${service}`);
  const [{ tab }, setSearch] = useSearchState(PARAMS);
  const Content = CONTENT[tab];
  return (
    <Tabs
      activeKey={tab}
      onChange={(key) => setSearch({ tab: PARTS.find((one) => one === key) ?? 'rows' }, { push: true })}
      items={PARTS.map((key) => ({
        key,
        label: t.parts[key],
        children: (
          <Suspense fallback={<Skeleton active />}>
            <Content service={service} />
          </Suspense>
        ),
      }))}
      destroyOnHidden
    />
  );
}
