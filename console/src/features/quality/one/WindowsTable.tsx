import { Link } from '@tanstack/react-router';
import { Button, Flex } from 'antd';
import { reportAddress } from '@/api';
import { ListCard } from '@/components/page/ListCard';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useI18n, useTexts } from '@/i18n';
import type { Rule, Verdict } from '../queries';
import { RuleStateTag } from '../rules/States';
import { subjectOf } from './heat';

/** The verdicts of a range, the newest first; of one column or window where one was chosen. */
export function WindowsTable(props: {
  rule: Rule;
  verdicts: readonly Verdict[];
  chosen: { column: string; end: string };
  clear: () => void;
}) {
  const t = useTexts().quality;
  const formats = useFormats();
  const { rule, chosen } = props;
  const isChosen = chosen.column !== '' || chosen.end !== '';
  const shown = props.verdicts.filter(
    (verdict) =>
      (chosen.column === '' || subjectOf(verdict) === chosen.column) &&
      (chosen.end === '' || verdict.end === chosen.end),
  );
  const said = (value: number | null | undefined) => (value == null ? '–' : formats.number(value, 4));
  return (
    <ListCard<Verdict>
      texts={{ title: t.windows, empty: t.noWindows, emptyHint: t.noWindowsHint }}
      query={{ data: shown, error: null, isPending: false, refetch: () => undefined }}
      rowKey={({ end, column, slice }) => `${end} ${column} ${slice}`}
      actions={isChosen && <Button onClick={props.clear}>{t.allWindows}</Button>}
      columns={[
        { title: t.windowEnd, key: 'end', render: (_, of) => <Timestamp at={of.end} exact /> },
        { title: t.subject, key: 'subject', render: (_, of) => subjectOf(of) || t.wholeService },
        { title: t.state, key: 'state', render: (_, of) => <RuleStateTag of={of.state} /> },
        { title: t.value, key: 'value', align: 'right', render: (_, of) => said(of.value) },
        { title: t.threshold, key: 'threshold', align: 'right', render: (_, of) => said(of.threshold) },
        { title: t.rows, key: 'rows', align: 'right', render: (_, of) => formats.number(of.rows ?? 0) },
        { title: t.why, key: 'why', render: (_, of) => <Why of={of} /> },
        { title: t.look, key: 'look', render: (_, of) => <Look rule={rule} of={of} /> },
      ]}
    />
  );
}

function Why({ of }: { of: Verdict }) {
  const t = useTexts().quality;
  const formats = useFormats();
  const figures = Object.entries(of.details ?? {}).filter(([, value]) => typeof value === 'number');
  return (
    <div style={{ maxWidth: 300, whiteSpace: 'normal' }}>
      {of.reason && <div>{of.reason}</div>}
      {figures.length > 0 && (
        <Muted>
          {figures
            .map(([name, value]) => `${t.details[name] ?? name} ${formats.number(Number(value), 4)}`)
            .join(', ')}
        </Muted>
      )}
    </div>
  );
}

/** The report, which shows the distributions beside the baseline; the rows of the window. */
function Look({ rule, of }: { rule: Rule; of: Verdict }) {
  const t = useTexts().quality;
  const { language } = useI18n();
  const isOfRows = rule.kind !== 'service_quality' && rule.kind !== 'cost';
  return (
    <Flex gap="small">
      <a href={reportAddress(rule.service, rule.name, of.end, language)} target="_blank" rel="noreferrer">
        {t.report}
      </a>
      {isOfRows && (
        <Link
          to="/services/$service/tables"
          params={{ service: rule.service }}
          search={{ table: 'inferences', view: 'statistics', from: of.start, to: of.end }}
        >
          {t.toRows}
        </Link>
      )}
    </Flex>
  );
}
