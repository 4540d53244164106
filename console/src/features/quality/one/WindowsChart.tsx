import { Flex, Select } from 'antd';
import { SeriesChart } from '@/components/chart';
import { secondsOf, useFormats, useTexts } from '@/i18n';
import type { Rule, Verdict } from '../queries';
import { drawnOf, linesOf, type Row } from './heat';

/** Lines that can be told apart. */
const MOST_LINES = 6;

/** The rule's number over time, against its thresholds. */
export function WindowsChart(props: {
  rule: Rule;
  verdicts: readonly Verdict[];
  /** The worst first. */
  subjects: readonly Row[];
  nameOf: (of: Row) => string;
  column: string;
  choose: (column: string) => void;
}) {
  const t = useTexts().quality;
  const formats = useFormats();
  const { rule, verdicts, nameOf, column } = props;
  const subjects = drawnOf(props.subjects);
  const names = new Map(props.subjects.map((row) => [row.label, nameOf(row)]));
  const stepS = secondsOf(rule.schedule) ?? secondsOf(rule.window) ?? 3_600;
  const shown = column !== '' && subjects.includes(column) ? [column] : subjects.slice(0, MOST_LINES);
  const { from, length, series } = linesOf(verdicts, shown, stepS);
  const bounds = (['warning', 'critical'] as const).flatMap((bound) => {
    const value = rule[bound];
    return value === null ? [] : [{ label: t.bound[bound], values: Array.from({ length }, () => value) }];
  });
  return (
    <Flex vertical gap="small">
      {subjects.length > 1 && (
        <Select
          aria-label={t.ofColumns}
          style={{ maxWidth: 320 }}
          showSearch
          optionFilterProp="label"
          value={subjects.includes(column) ? column : ''}
          options={[
            { value: '', label: t.worstColumns(Math.min(subjects.length, MOST_LINES)) },
            ...subjects.map((value) => ({ value, label: names.get(value) ?? value })),
          ]}
          onChange={props.choose}
        />
      )}
      <SeriesChart
        title={t.overTime(t.metrics[rule.metric] ?? rule.metric)}
        from={from}
        stepS={stepS}
        series={[
          ...series.map((one) => ({
            ...one,
            label: one.label === '' ? rule.metric : (names.get(one.label) ?? one.label),
          })),
          ...bounds,
        ]}
        format={(value) => formats.number(value, 4)}
      />
    </Flex>
  );
}
