import { ListCard } from '@/components/page/ListCard';
import { ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import type { PlatformService } from '../queries';
import { usePart } from '../usePart';

const SENTENCE = { maxWidth: 480, whiteSpace: 'normal', overflowWrap: 'anywhere' } as const;

/** The platform's own processes. */
export function Services() {
  const t = useTexts().platform.services;
  const common = useTexts().common;
  return (
    <ListCard<PlatformService>
      texts={t}
      query={usePart((platform) => platform.services)}
      rowKey={(service) => service.name}
      columns={[
        { title: common.name, dataIndex: 'name' },
        {
          title: common.status,
          key: 'state',
          render: (_, service) => <ToneTag tone={toneOf(service)}>{t[service.state]}</ToneTag>,
        },
        { title: t.version, dataIndex: 'version', render: (version: string | null) => version ?? '–' },
        { title: t.since, key: 'since', render: (_, service) => <Timestamp at={service.since} /> },
        {
          title: t.problem,
          dataIndex: 'problem',
          render: (problem: string | null) =>
            problem === null ? '–' : <div style={SENTENCE}>{problem}</div>,
        },
      ]}
    />
  );
}

function toneOf({ state, problem }: PlatformService) {
  if (state !== 'running') return 'bad';
  return problem ? 'warning' : 'ok';
}
