import { App, Button, Flex } from 'antd';
import { useState } from 'react';
import { activeVersions, asApiError, isAtRest, type Service, type Version } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { type Operation, useOperateVersion } from '../queries';
import { allTo } from '../split/split';
import { DeleteVersion } from './DeleteVersion';
import { MoreMenu } from './MoreMenu';

export interface ActionProps {
  service: Service;
  version: Version;
  mayEdit: boolean;
  size?: 'small' | 'middle';
}

/** What can be done with a version now; what would be refused is not offered. */
export function VersionActions({ service, version, mayEdit, size = 'middle' }: ActionProps) {
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
