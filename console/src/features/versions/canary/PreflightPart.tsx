import { Flex, Table, Typography } from 'antd';
import { Muted } from '@/components/text/Muted';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { useFormats, useTexts } from '@/i18n';
import type { Preflight } from './queries';

const TONES: Record<Preflight['state'], Tone> = { passed: 'ok', failed: 'bad', skipped: 'idle' };

/** What the replay of recorded requests found: differences by column and slice, failures, latency. */
export function PreflightPart({ of }: { of: Preflight }) {
  const { canary: t } = useTexts();
  const formats = useFormats();
  const { latency, failures = [] } = of;
  return (
    <section aria-label={t.preflight}>
      <Flex gap="small" wrap align="baseline">
        <Typography.Title level={3} style={{ fontSize: 14, margin: 0 }}>
          {t.preflight}
        </Typography.Title>
        <ToneTag tone={TONES[of.state]}>{t.preflightStates[of.state]}</ToneTag>
        <Muted>{of.reason}</Muted>
      </Flex>
      {of.state !== 'skipped' && (
        <p style={{ margin: '4px 0' }}>
          {t.replayed(
            formats.number(of.requests ?? 0),
            formats.number(of.errors ?? 0),
            formats.number(of.changed ?? 0),
            formats.number(of.rows ?? 0),
          )}
          {latency &&
            ` ${t.latency(formats.milliseconds(latency.stable_p50_ms), formats.milliseconds(latency.candidate_p50_ms))}`}
        </p>
      )}
      {failures.map(({ status, message, count }) => (
        <div key={`${status} ${message}`}>{`${count} × ${status}: ${message}`}</div>
      ))}
      <Differences of={of} />
    </section>
  );
}

function Differences({ of }: { of: Preflight }) {
  const { canary: t } = useTexts();
  const formats = useFormats();
  const share = (changed: number, compared: number) =>
    `${formats.number(changed)} / ${formats.number(compared)} (${formats.percent(compared === 0 ? 0 : changed / compared)})`;
  const number = (value: number | null | undefined) => (value == null ? '–' : formats.number(value, 4));
  const columns = of.columns ?? [];
  const slices = of.slices ?? [];
  return (
    <Flex vertical gap="small">
      {columns.length > 0 && (
        <Table
          size="small"
          pagination={false}
          rowKey="name"
          dataSource={[...columns]}
          columns={[
            { title: t.column, dataIndex: 'name', render: (name: string) => <code>{name}</code> },
            { title: t.changed, key: 'changed', render: (_, one) => share(one.changed, one.compared) },
            { title: t.mean, key: 'mean', align: 'right', render: (_, one) => number(one.mean_difference) },
            { title: t.largest, key: 'max', align: 'right', render: (_, one) => number(one.max_difference) },
          ]}
        />
      )}
      {slices.length > 0 && (
        <Table
          size="small"
          pagination={{ pageSize: 10, hideOnSinglePage: true }}
          rowKey="value"
          dataSource={[...slices]}
          columns={[
            { title: t.slice, dataIndex: 'value' },
            { title: t.changed, key: 'changed', render: (_, one) => share(one.changed, one.compared) },
          ]}
        />
      )}
    </Flex>
  );
}
