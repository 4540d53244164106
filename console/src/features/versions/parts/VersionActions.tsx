import { MoreOutlined } from '@ant-design/icons';
import { useNavigate } from '@tanstack/react-router';
import { App, Button, Dropdown, Flex } from 'antd';
import { useState } from 'react';
import { activeVersions, asApiError, isAtRest, type Service, type Version } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { type Operation, useOperateVersion } from '../queries';
import { allTo } from '../split';
import { DeleteVersion } from './DeleteVersion';

interface Props {
  service: Service;
  version: Version;
  mayEdit: boolean;
  size?: 'small' | 'middle';
}

/** What can be done with a version now; what would be refused is not offered. */
export function VersionActions({ service, version, mayEdit, size = 'middle' }: Props) {
  const t = useTexts().versions;
  const { modal } = App.useApp();
  const operate = useOperateVersion(version);
  const [isDeleting, setDeleting] = useState(false);
  const heirs = heirsOf(service, version);
  const run = (operation: Operation) =>
    operate.mutateAsync(operation).catch((thrown: unknown) => {
      modal.error({
        title: t[operation.verb],
        content: <ErrorNotice error={asApiError(thrown)} />,
        icon: null,
      });
    });
  const stop = () =>
    modal.confirm({
      title: t.stopTitle(version.name),
      content: `${t.stopText} ${heirs.names.length > 0 ? t.stopMoves(heirs.names.join(', ')) : t.stopLast}`,
      okText: t.stop,
      onOk: () => run({ verb: 'stop', weights: heirs.weights }),
    });
  return (
    <Flex gap="small">
      {mayEdit && isAtRest(version) && (
        <Button size={size} loading={operate.isPending} onClick={() => void run({ verb: 'start' })}>
          {t.start}
        </Button>
      )}
      {mayEdit && version.status !== 'stopping' && !isAtRest(version) && (
        <Button size={size} loading={operate.isPending} onClick={stop}>
          {t.stop}
        </Button>
      )}
      <MoreMenu
        {...{ service, version, mayEdit, size }}
        onRestart={() => void run({ verb: 'restart' })}
        onDelete={() => setDeleting(true)}
      />
      {isDeleting && <DeleteVersion version={version} onClose={() => setDeleting(false)} />}
    </Flex>
  );
}

/**
 * Who answers once a version stops. Where those that stay have no share, the first of them gets all of it: the
 * platform refuses to guess.
 */
function heirsOf(service: Service, version: Version) {
  const others = activeVersions(service).filter((other) => other.id !== version.id);
  const shared = others.filter((other) => other.traffic_weight > 0);
  const first = others[0];
  if (shared.length > 0 || first === undefined) {
    return { names: shared.map((other) => other.name), weights: null };
  }
  return {
    names: [first.name],
    weights: allTo(
      first.name,
      others.map((other) => other.name),
    ),
  };
}

function MoreMenu(props: Props & { onRestart: () => void; onDelete: () => void }) {
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
