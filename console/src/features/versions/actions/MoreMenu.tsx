import { MoreOutlined } from '@ant-design/icons';
import { useNavigate } from '@tanstack/react-router';
import { App, Button, Dropdown } from 'antd';
import { isAtRest } from '@/api';
import { useTexts } from '@/i18n';
import type { ActionProps } from './VersionActions';

export function MoreMenu(props: ActionProps & { onRestart: () => void; onDelete: () => void }) {
  const t = useTexts().versions;
  const { modal } = App.useApp();
  const navigate = useNavigate();
  const { service, version, mayEdit } = props;
  const params = { service: service.name };
  const search = { version: version.name };
  const restart = () =>
    modal.confirm({
      title: t.restartTitle(version.name),
      content: t.restartText,
      okText: t.restart,
      onOk: props.onRestart,
    });
  const actions: Record<string, () => unknown> = {
    edit: () =>
      navigate({
        to: '/services/$service/versions/$version',
        params: { ...params, version: version.name },
        search: { edit: 'true' },
      }),
    restart,
    debug: () => navigate({ to: '/services/$service/debug', params, search }),
    monitor: () => navigate({ to: '/services/$service/monitor', params, search }),
    logs: () => navigate({ to: '/services/$service/logs', params, search }),
    events: () => navigate({ to: '/services/$service/events', params, search }),
    delete: props.onDelete,
  };
  const isActive = !isAtRest(version) && version.status !== 'stopping';
  const items = [
    ...(mayEdit ? [{ key: 'edit', label: t.edit }] : []),
    ...(mayEdit && isActive ? [{ key: 'restart', label: t.restart }] : []),
    ...(mayEdit ? [{ key: 'debug', label: t.debug }] : []),
    { key: 'monitor', label: t.monitor },
    { key: 'logs', label: t.logs },
    { key: 'events', label: t.events },
    ...(mayEdit && isAtRest(version) ? [{ key: 'delete', label: t.delete, danger: true }] : []),
  ];
  return (
    <Dropdown trigger={['click']} menu={{ items, onClick: ({ key }) => void actions[key]?.() }}>
      <Button size={props.size ?? 'middle'} icon={<MoreOutlined />} aria-label={t.more(version.name)} />
    </Dropdown>
  );
}
