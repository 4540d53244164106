import { Tabs } from 'antd';
import { useSession } from '@/api';
import { PageHeader } from '@/components/page/PageHeader';
import { oneOf, useSearchState } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import { Audit } from './parts/Audit';
import { Projects } from './parts/Projects';
import { Secrets } from './parts/Secrets';
import { Tokens } from './parts/Tokens';
import { Users } from './parts/Users';

const TABS = ['projects', 'users', 'tokens', 'secrets', 'audit'] as const;
const PARAMS = { tab: oneOf(TABS, 'projects') };
const CONTENT = {
  projects: <Projects />,
  users: <Users />,
  tokens: <Tokens />,
  secrets: <Secrets />,
  audit: <Audit />,
};

/** Who may do what, with which tokens, and what was done. */
export function Page() {
  const t = useTexts().people;
  const { is_admin: isAdmin } = useSession();
  const [{ tab }, setSearch] = useSearchState(PARAMS);
  const tabs = TABS.filter((key) => isAdmin || key !== 'users');
  return (
    <>
      <PageHeader title={t.title} />
      <Tabs
        activeKey={tab}
        onChange={(key) => setSearch({ tab: TABS.find((one) => one === key) ?? 'projects' }, { push: true })}
        items={tabs.map((key) => ({ key, label: t.tabs[key], children: CONTENT[key] }))}
        destroyOnHidden
      />
    </>
  );
}
