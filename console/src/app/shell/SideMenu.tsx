import { Link, useRouterState } from '@tanstack/react-router';
import { useSession } from '@/api';
import { useTexts } from '@/i18n';
import icon from '../icon.svg';
import { topPages } from './pages';

/** Links; Ant Design's menu would be a twentieth of the first load. */
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
      <ul className="side-menu">
        {pages.map(({ to, icon: sign, label }) => (
          <li key={to}>
            <Link to={to} title={label} aria-current={to === current ? 'page' : undefined}>
              {sign}
              <span>{label}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
