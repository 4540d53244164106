import {
  AlertOutlined,
  AppstoreOutlined,
  CloudServerOutlined,
  ClusterOutlined,
  DashboardOutlined,
  DatabaseOutlined,
  PieChartOutlined,
  TeamOutlined,
} from '@ant-design/icons';
import type { ReactNode } from 'react';
import type { Session } from '@/api';
import type { Texts } from '@/i18n';

export interface TopPage {
  readonly to:
    | '/services'
    | '/alerts'
    | '/models'
    | '/resources'
    | '/destinations'
    | '/usage'
    | '/people'
    | '/platform';
  readonly label: string;
  readonly icon: ReactNode;
}

/** The pages of the side menu that this user may open. */
export function topPages(t: Texts['shell'], session: Session): TopPage[] {
  const pages: TopPage[] = [
    { to: '/services', label: t.services, icon: <CloudServerOutlined /> },
    { to: '/alerts', label: t.alerts, icon: <AlertOutlined /> },
    { to: '/models', label: t.models, icon: <AppstoreOutlined /> },
    { to: '/resources', label: t.resources, icon: <ClusterOutlined /> },
    { to: '/destinations', label: t.destinations, icon: <DatabaseOutlined /> },
    { to: '/usage', label: t.usage, icon: <PieChartOutlined /> },
    { to: '/people', label: t.people, icon: <TeamOutlined /> },
  ];
  if (session.is_admin) pages.push({ to: '/platform', label: t.platform, icon: <DashboardOutlined /> });
  return pages;
}
