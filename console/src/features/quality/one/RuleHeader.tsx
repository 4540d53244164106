import { Link, useNavigate } from '@tanstack/react-router';
import { Alert, Card, Descriptions, Flex, Typography } from 'antd';
import { reportAddress } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { useColumnNames } from '@/components/column/names';
import { isoRange, type Range, resolveRange } from '@/components/time/timeRange';
import { useFormats, useI18n, useTexts } from '@/i18n';
import { ruleForms } from '../code';
import { metricOf } from '../metrics';
import type { Rule } from '../queries';
import { RuleActions } from '../rules/RuleActions';
import { RuleStateTag } from '../rules/States';

/** What a rule says, in its own terms, and how it stands. */
export function RuleHeader({ rule, range, mayEdit }: { rule: Rule; range: Range; mayEdit: boolean }) {
  const t = useTexts().quality;
  const { language } = useI18n();
  const navigate = useNavigate();
  const params = { service: rule.service };
  const { from } = isoRange(resolveRange(range, Date.now()));
  return (
    <Card size="small">
      <Flex justify="space-between" align="start" gap="middle" wrap>
        <Flex gap="small" align="center" wrap>
          <Link to="/services/$service/quality" params={params}>
            {t.rules}
          </Link>
          /
          <Typography.Title level={2} style={{ fontSize: 16, margin: 0 }}>
            {rule.name}
          </Typography.Title>
          <RuleStateTag of={rule.state ?? 'unknown'} reason={rule.reason} />
        </Flex>
        <Flex gap="small" align="center" wrap>
          {rule.last_window_end && (
            <a
              href={reportAddress(rule.service, rule.name, rule.last_window_end, language)}
              target="_blank"
              rel="noreferrer"
            >
              {t.lastReport}
            </a>
          )}
          {mayEdit && (
            <RuleActions
              of={rule}
              onDeleted={() => void navigate({ to: '/services/$service/quality', params })}
            />
          )}
          <AsCode forms={ruleForms(rule, from)} />
        </Flex>
      </Flex>
      <Terms of={rule} />
      {rule.state === 'error' && rule.reason && <Alert type="error" showIcon title={rule.reason} />}
    </Card>
  );
}

function Terms({ of }: { of: Rule }) {
  const t = useTexts().quality;
  const formats = useFormats();
  const nameOf = useColumnNames(of.service);
  const isLow = metricOf(of.kind, of.metric)?.isLowerWorse === true;
  const bound = (value: number | null) =>
    value === null ? '–' : `${isLow ? '<' : '>'} ${formats.number(value, 4)}`;
  const windowText = ({ window, schedule }: Rule) =>
    window === schedule
      ? formats.span(window)
      : `${formats.span(window)}, ${t.everyWindow(formats.span(schedule))}`;
  const terms: [string, string | null][] = [
    [t.kind, t.kinds[of.kind]],
    [t.metric, t.metrics[of.metric] ? `${of.metric}: ${t.metrics[of.metric]}` : of.metric],
    [t.ofColumns, of.columns.includes('*') ? t.allColumns : of.columns.map(nameOf).join(', ')],
    [t.states.warning, bound(of.warning)],
    [t.states.critical, bound(of.critical)],
    [t.baseline, of.baseline === null ? null : t.baselines[of.baseline.kind]],
    [t.fields.window, windowText(of)],
    [t.fields.windows, of.windows],
    [t.fields.slice, of.slice],
    [t.fields.min_sample, formats.number(of.min_sample)],
  ];
  return (
    <Descriptions
      size="small"
      column={{ xs: 1, md: 2, xl: 3 }}
      style={{ marginTop: 12 }}
      items={terms
        .filter(([, value]) => Boolean(value))
        .map(([label, value]) => ({ key: label, label, children: value }))}
    />
  );
}
