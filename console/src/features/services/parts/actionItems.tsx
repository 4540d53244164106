import { Link } from '@tanstack/react-router';
import type { MenuProps } from 'antd';
import type { Texts } from '@/i18n';
import type { Service } from '../queries';
import { isActive } from '../reasons';

/** The menu of a row; writes are offered to editors only. */
export function actionItems(
  service: Service,
  texts: Texts,
  isEditor: boolean,
): NonNullable<MenuProps['items']> {
  const { services: t, common } = texts;
  const params = { service: service.name };
  const isOn = isActive(service.status);
  const reads: MenuProps['items'] = [
    { key: 'logs', label: <Link {...{ to: '/services/$service/logs', params }}>{t.logs}</Link> },
  ];
  if (!isEditor) return reads;
  return [
    { key: 'debug', label: <Link {...{ to: '/services/$service/debug', params }}>{t.debug}</Link> },
    ...reads,
    {
      key: 'add',
      label: (
        <Link to="/publish" search={params}>
          {t.addVersion}
        </Link>
      ),
    },
    { key: 'edit', label: <Link {...{ to: '/services/$service/settings', params }}>{common.edit}</Link> },
    { type: 'divider' },
    isOn ? { key: 'stop', label: common.stop } : { key: 'start', label: common.start },
    {
      key: 'delete',
      label: common.delete,
      danger: true,
      disabled: isOn,
      ...(isOn && { title: t.deleteAfterStop }),
    },
  ];
}
