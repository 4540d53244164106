import { Alert, Flex, Table, Typography } from 'antd';
import { Muted } from '@/components/text/Muted';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { type Formats, useFormats, useTexts } from '@/i18n';
import { EvidenceBar } from './EvidenceBar';
import type { Canary, Guardrail } from './queries';

const TONES: Record<Guardrail['state'], Tone> = {
  harm: 'bad',
  non_inferior: 'ok',
  undecided: 'busy',
  insufficient_data: 'idle',
};

/** What the last verdict of a step found: both versions' figures, and how sure it is. */
export function Guardrails({ canary, step }: { canary: Canary; step: Canary['verdicts'][number] }) {
  const { canary: t } = useTexts();
  const formats = useFormats();
  const { verdict } = step;
  const ratio = verdict.sample_ratio;
  return (
    <section aria-label={t.figures}>
      <Flex gap="small" wrap align="baseline">
        <Typography.Title level={3} style={{ fontSize: 14, margin: 0 }}>
          {t.figures}
        </Typography.Title>
        <Muted>
          {t.requests(
            canary.version,
            formats.number(verdict.canary_requests ?? 0),
            canary.stable ?? '–',
            formats.number(verdict.stable_requests ?? 0),
          )}
        </Muted>
        <Muted>
          <Timestamp at={verdict.at} />
        </Muted>
      </Flex>
      {ratio?.is_suspect && (
        <Alert
          type="warning"
          showIcon
          title={t.ratio(formats.percent(ratio.observed ?? 0), formats.percent(ratio.expected))}
        />
      )}
      <Table<Guardrail>
        size="small"
        pagination={false}
        rowKey="kind"
        scroll={{ x: 'max-content' }}
        dataSource={[...(verdict.guardrails ?? [])]}
        columns={[
          { title: t.guardrail, key: 'kind', render: (_, of) => <Kind of={of} /> },
          {
            title: t.state,
            key: 'state',
            render: (_, of) => <ToneTag tone={TONES[of.state]}>{t.states[of.state]}</ToneTag>,
          },
          {
            title: canary.stable ?? t.stable,
            key: 'stable',
            align: 'right',
            render: (_, of) => (
              <Figure share={of.stable_value} events={of.stable_events} requests={of.stable_requests} />
            ),
          },
          {
            title: canary.version,
            key: 'canary',
            align: 'right',
            render: (_, of) => (
              <Figure share={of.canary_value} events={of.canary_events} requests={of.canary_requests} />
            ),
          },
          { title: t.difference, key: 'difference', render: (_, of) => difference(of, formats, t.allowed) },
          { title: t.evidence, key: 'evidence', render: (_, of) => <EvidenceBar of={of} /> },
        ]}
      />
    </section>
  );
}

function Kind({ of }: { of: Guardrail }) {
  const { canary: t } = useTexts();
  const formats = useFormats();
  return (
    <>
      {t.kinds[of.kind]}
      {of.threshold_s != null && (
        <Muted isLine>{t.slower(formats.milliseconds(of.threshold_s * 1000))}</Muted>
      )}
    </>
  );
}

function Figure(props: {
  share: number | null | undefined;
  events: number | undefined;
  requests: number | undefined;
}) {
  const formats = useFormats();
  const { share, events = 0, requests = 0 } = props;
  return (
    <>
      {share == null ? '–' : `${formats.number(share * 100, 2)} %`}
      <Muted isLine>{`${formats.number(events)} / ${formats.number(requests)}`}</Muted>
    </>
  );
}

/** The always-valid interval of the difference, in points, and what is allowed. */
function difference(of: Guardrail, formats: Formats, allowed: (points: string) => string) {
  if (of.lower == null || of.upper == null) return '–';
  const points = (share: number) => formats.number(share * 100, 2);
  return (
    <>
      {`${points(of.lower)} … ${points(of.upper)}`}
      {of.allowed != null && <Muted isLine>{allowed(points(of.allowed))}</Muted>}
    </>
  );
}
