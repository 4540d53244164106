import { Card, Descriptions, Flex } from 'antd';
import { reportAddress } from '@/api';
import { CodeBlock } from '@/components/code/CodeBlock';
import { EmptyState } from '@/components/page/EmptyState';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useI18n, useTexts } from '@/i18n';
import type { AlertDetail } from '../queries';
import { type Evidence, evidenceOf } from './evidence';
import { JudgedTable } from './JudgedTable';

/** The figures that an alert was judged by. */
export function EvidenceCard({ alert }: { alert: AlertDetail }) {
  const t = useTexts().alerts;
  const found = evidenceOf(alert.evidence);
  const isEmpty = Object.keys(alert.evidence).length === 0;
  return (
    <Card size="small" title={t.evidence}>
      {isEmpty && <EmptyState title={t.noEvidence} />}
      <Flex vertical gap="middle">
        {!isEmpty && <Facts of={found} alert={alert} />}
        {found.columns.length > 0 && (
          <JudgedTable columns={found.columns} alert={alert} window={found.window} />
        )}
        {found.lines.length > 0 && <CodeBlock code={found.lines.join('\n')} wrap />}
      </Flex>
    </Card>
  );
}

function Facts({ of, alert }: { of: Evidence; alert: AlertDetail }) {
  const t = useTexts().alerts;
  const formats = useFormats();
  const spans = [
    { key: 'window', label: t.window, span: of.window },
    { key: 'resolved', label: t.wellAgain, span: of.resolved },
  ].flatMap(({ key, label, span }) =>
    span === null ? [] : [{ key, label, children: <Span of={span} alert={alert} /> }],
  );
  const items = [
    ...(of.metric === null ? [] : [{ key: 'metric', label: t.metric, children: <code>{of.metric}</code> }]),
    ...(of.rows === null ? [] : [{ key: 'rows', label: t.rows, children: formats.number(of.rows) }]),
    ...spans,
    ...of.facts.map(([name, value]) => ({ key: name, label: name, children: value })),
  ];
  return <Descriptions size="small" column={1} bordered items={items} />;
}

/** A window, and its report. */
function Span({ of, alert }: { of: NonNullable<Evidence['window']>; alert: AlertDetail }) {
  const t = useTexts().alerts;
  const { language } = useI18n();
  return (
    <Flex vertical>
      <span>
        <Timestamp at={of.start} exact /> – <Timestamp at={of.end} exact />
      </span>
      {alert.service !== null && (
        <a
          href={reportAddress(alert.service, alert.monitor, of.end, language)}
          target="_blank"
          rel="noreferrer"
        >
          {t.openReport}
        </a>
      )}
    </Flex>
  );
}
