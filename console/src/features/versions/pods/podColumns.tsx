import { Link } from '@tanstack/react-router';
import type { TableProps } from 'antd';
import { Flex, Typography } from 'antd';
import { knownReason } from '@/components/reason/reasons';
import { StatusTag, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { type Formats, type Texts, useTexts } from '@/i18n';
import type { Pod } from '../queries';
import { RestartPod } from './RestartPod';

interface Allowed {
  readonly mayEdit: boolean;
  /** Whether the installation has terminals, and this user may open them. */
  readonly hasTerminals: boolean;
}

export function podColumns(
  texts: Texts,
  formats: Formats,
  may: Allowed,
): NonNullable<TableProps<Pod>['columns']> {
  const { versions: t, common } = texts;
  return [
    { title: t.pod, render: (_, pod) => <code>{pod.name}</code> },
    { title: common.status, render: (_, pod) => <PodState of={pod} /> },
    { title: t.node, dataIndex: 'node' },
    { title: t.restarts, align: 'right', dataIndex: 'restarts' },
    { title: t.lastExit, render: (_, pod) => pod.last_exit ?? '–' },
    { title: t.started, render: (_, pod) => <Timestamp at={pod.started_at ?? null} /> },
    {
      title: t.cpu,
      align: 'right',
      render: (_, pod) => (pod.cpu_cores == null ? '–' : t.cores(formats.number(pod.cpu_cores, 2))),
    },
    {
      title: t.memory,
      align: 'right',
      render: (_, pod) => (pod.memory_bytes == null ? '–' : formats.bytes(pod.memory_bytes)),
    },
    { title: common.actions, fixed: 'right', render: (_, pod) => <PodActions of={pod} may={may} /> },
  ];
}

function PodState({ of }: { of: Pod }) {
  const texts = useTexts();
  const t = texts.versions;
  const known = knownReason(texts.reasons, of.reason);
  return (
    <Flex vertical gap={2} align="start">
      <Flex gap={4}>
        <StatusTag status={of.status} />
        <ToneTag tone={of.ready ? 'ok' : 'idle'}>{of.ready ? t.ready : t.notReady}</ToneTag>
      </Flex>
      {of.reason && (
        <Typography.Text style={{ maxWidth: 320, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
          {known?.says ?? of.reason}
        </Typography.Text>
      )}
    </Flex>
  );
}

function PodActions({ of, may }: { of: Pod; may: Allowed }) {
  const t = useTexts().versions;
  const params = { service: of.service };
  const search = { version: of.version, pod: of.name };
  return (
    <Flex gap="small" align="center">
      <Link to="/services/$service/monitor" params={params} search={search}>
        {t.monitor}
      </Link>
      <Link to="/services/$service/logs" params={params} search={search}>
        {t.logs}
      </Link>
      {may.hasTerminals && of.status === 'Running' && (
        <Link
          to="/services/$service/versions/$version/pods/$pod/terminal"
          params={{ service: of.service, version: of.version, pod: of.name }}
        >
          {t.terminal}
        </Link>
      )}
      {may.mayEdit && of.status !== 'Failed' && <RestartPod pod={of} />}
    </Flex>
  );
}
