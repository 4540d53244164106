import { Link, useRouterState } from '@tanstack/react-router';
import { Menu } from 'antd';
import { useSession } from '@/api';
import { useTexts } from '@/i18n';
import icon from '../icon.svg';
import { topPages } from './pages';

export function SideMenu() {
  const t = useTexts().shell;
  const pages = topPages(t, useSession());
  const path = useRouterState({ select: (state) => state.location.pathname });
  const current =
    pages.find((page) => path.startsWith(page.to))?.to ?? (path === '/publish' ? '/services' : '');
  return (
    <nav aria-label={t.menu}>
      <Link to="/services" className="brand" aria-label="Penstock">
        <img src={icon} alt="" width={24} height={24} />
        <span className="brand-name">Penstock</span>
      </Link>
      <Menu
        mode="inline"
        selectedKeys={[current]}
        style={{ borderInlineEnd: 'none' }}
        items={pages.map((page) => ({
          key: page.to,
          icon: page.icon,
          label: <Link to={page.to}>{page.label}</Link>,
        }))}
      />
    </nav>
  );
}
