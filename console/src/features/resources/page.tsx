import { Tabs } from 'antd';
import { PageHeader } from '@/components/page/PageHeader';
import { oneOf, useSearchState } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import { CapacityList } from './parts/CapacityList';
import { Groups } from './parts/Groups';
import { Specs } from './parts/Specs';

const TABS = ['specs', 'groups', 'capacity'] as const;
const PARAMS = { tab: oneOf(TABS, 'specs') };
const CONTENT = { specs: <Specs />, groups: <Groups />, capacity: <CapacityList /> };

/** Sizes of pods, groups of nodes, and what is free. */
export function Page() {
  const t = useTexts().resources;
  const [{ tab }, setSearch] = useSearchState(PARAMS);
  return (
    <>
      <PageHeader title={t.title} />
      <Tabs
        activeKey={tab}
        onChange={(key) => setSearch({ tab: TABS.find((one) => one === key) ?? 'specs' }, { push: true })}
        items={TABS.map((key) => ({ key, label: t.tabs[key], children: CONTENT[key] }))}
        destroyOnHidden
      />
    </>
  );
}
