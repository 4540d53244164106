import { Link, useLocation } from '@tanstack/react-router';
import { Menu } from 'antd';
import { useTexts } from '@/i18n';

const TABS = [
  ['overview', '/services/$service'],
  ['versions', '/services/$service/versions'],
  ['debug', '/services/$service/debug'],
  ['monitor', '/services/$service/monitor'],
  ['logs', '/services/$service/logs'],
  ['events', '/services/$service/events'],
  ['requests', '/services/$service/requests'],
  ['tables', '/services/$service/tables'],
  ['quality', '/services/$service/quality'],
  ['retraining', '/services/$service/retraining'],
  ['keys', '/services/$service/keys'],
  ['settings', '/services/$service/settings'],
] as const;

/** Links, not tabs of the page: each opens in a window of its own too. */
export function ServiceTabs({ service }: { service: string }) {
  const { service: t, shell } = useTexts();
  const { pathname } = useLocation();
  const part = pathname.split('/')[3];
  return (
    <nav aria-label={t.tabs} style={{ marginBottom: 8 }}>
      <Menu
        mode="horizontal"
        style={{ background: 'transparent' }}
        selectedKeys={[part === undefined || part === '' ? 'overview' : part]}
        items={TABS.map(([key, to]) => ({
          key,
          label: (
            <Link to={to} params={{ service }}>
              {shell.tabs[key]}
            </Link>
          ),
        }))}
      />
    </nav>
  );
}
