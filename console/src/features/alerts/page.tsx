import { Skeleton, Tabs } from 'antd';
import { lazy, Suspense } from 'react';
import { PageHeader } from '@/components/page/PageHeader';
import { oneOf, useSearchState } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import { Alerts } from './list/Alerts';

const PARTS = ['alerts', 'silences', 'maintenance', 'channels'] as const;
const PARAMS = { tab: oneOf(PARTS, 'alerts') };

const CONTENT = {
  alerts: Alerts,
  silences: lazy(async () => ({ default: (await import('./silences/Silences')).Silences })),
  maintenance: lazy(async () => ({ default: (await import('./silences/MaintenanceList')).MaintenanceList })),
  channels: lazy(async () => ({ default: (await import('./channels/Channels')).Channels })),
};

/** What is wrong, whom it was told, and what is told to nobody for now. */
export function Page() {
  const t = useTexts().alerts;
  const [{ tab }, setSearch] = useSearchState(PARAMS);
  const Content = CONTENT[tab];
  return (
    <>
      <PageHeader title={t.title} description={t.description} />
      <Tabs
        activeKey={tab}
        onChange={(key) => setSearch({ tab: PARTS.find((one) => one === key) ?? 'alerts' }, { push: true })}
        items={PARTS.map((key) => ({
          key,
          label: t.parts[key],
          children: (
            <Suspense fallback={<Skeleton active />}>
              <Content />
            </Suspense>
          ),
        }))}
        destroyOnHidden
      />
    </>
  );
}
