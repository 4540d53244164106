import { Link } from '@tanstack/react-router';
import { Button, Flex } from 'antd';
import { reportAddress } from '@/api';
import { ListCard } from '@/components/page/ListCard';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useI18n, useTexts } from '@/i18n';
import type { Rule, Verdict } from '../queries';
import { RuleStateTag } from '../rules/States';
import { type Row, subjectOf } from './heat';

/** The verdicts of a range, the newest first; of one column or window where one was chosen. */
export function WindowsTable(props: {
  rule: Rule;
  verdicts: readonly Verdict[];
  chosen: { column: string; end: string };
  nameOf: (of: Pick<Row, 'column' | 'slice'>) => string;
  /** Shows a column of a window; null: the rule is not of columns. */
  choose: ((column: string, end: string) => void) | null;
  clear: () => void;
}) {
  const t = useTexts().quality;
  const { rule, chosen } = props;
  const isChosen = chosen.column !== '' || chosen.end !== '';
  const shown = props.verdicts.filter(
    (verdict) =>
      (chosen.column === '' || subjectOf(verdict) === chosen.column) &&
      (chosen.end === '' || verdict.end === chosen.end),
  );
  const nameOf = ({ column = null, slice = null }: Verdict) => props.nameOf({ column, slice });
  return (
    <ListCard<Verdict>
      texts={{ title: t.windows, empty: t.noWindows, emptyHint: t.noWindowsHint }}
      query={{ data: shown, error: null, isPending: false, refetch: () => undefined }}
      rowKey={({ end, column, slice }) => `${end} ${column} ${slice}`}
      actions={isChosen && <Button onClick={props.clear}>{t.allWindows}</Button>}
      columns={[
        { title: t.windowEnd, key: 'end', render: (_, of) => <Timestamp at={of.end} exact /> },
        { title: t.subject, key: 'subject', render: (_, of) => <div style={NAME}>{nameOf(of)}</div> },
        { title: t.state, key: 'state', render: (_, of) => <RuleStateTag of={of.state} /> },
        { title: t.value, key: 'value', align: 'right', render: (_, of) => <Value of={of} /> },
        { title: t.why, key: 'why', render: (_, of) => <Why of={of} /> },
        { title: t.look, key: 'look', render: (_, of) => <Look rule={rule} of={of} choose={props.choose} /> },
      ]}
    />
  );
}

const NAME = { maxWidth: 180, whiteSpace: 'normal', overflowWrap: 'anywhere' } as const;

function Value({ of }: { of: Verdict }) {
  const t = useTexts().quality;
  const formats = useFormats();
  const said = (value: number | null | undefined) => (value == null ? '–' : formats.number(value, 4));
  return (
    <>
      {said(of.value)}
      {of.threshold != null && <Muted isLine>{t.ofThreshold(said(of.threshold))}</Muted>}
    </>
  );
}

function Why({ of }: { of: Verdict }) {
  const t = useTexts().quality;
  const formats = useFormats();
  const figures = [
    [t.details.rows ?? '', of.rows ?? 0] as const,
    ...Object.entries(of.details ?? {})
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => [t.details[name] ?? name, Number(value)] as const),
  ];
  return (
    <div style={{ maxWidth: 220, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
      {of.reason && <div>{of.reason}</div>}
      <Muted>{figures.map(([name, value]) => `${name} ${formats.number(value, 4)}`).join(', ')}</Muted>
    </div>
  );
}

const LINK = { paddingInline: 0, height: 'auto' } as const;

/** The column beside the baseline, the report of the window, its rows. */
function Look(props: { rule: Rule; of: Verdict; choose: ((column: string, end: string) => void) | null }) {
  const { rule, of, choose } = props;
  const t = useTexts().quality;
  const { language } = useI18n();
  const isOfRows = rule.kind !== 'service_quality' && rule.kind !== 'cost';
  return (
    <Flex vertical align="start">
      {choose && of.column && (
        <Button type="link" size="small" style={LINK} onClick={() => choose(subjectOf(of), of.end)}>
          {t.distribution.short}
        </Button>
      )}
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
