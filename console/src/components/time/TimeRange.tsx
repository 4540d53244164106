import { DatePicker, Flex, Segmented } from 'antd';
import dayjs from 'dayjs';
import { useTexts } from '@/i18n';
import type { Range, Span } from './timeRange';

const OWN = 'own';

/** Chooses a span or two moments; see `useTimeRange`. */
export function TimeRange(props: {
  value: Range;
  onChange: (range: Range) => void;
  spans?: readonly Span[];
}) {
  const t = useTexts().components.range;
  const { value, onChange, spans = ['1h', '24h', '7d'] } = props;
  const isOwn = !('span' in value);
  const choose = (key: Span | typeof OWN) => {
    if (key !== OWN) return onChange({ span: key });
    const now = dayjs();
    onChange({ from: now.subtract(1, 'hour').toISOString(), to: now.toISOString() });
  };
  return (
    <Flex gap="small" wrap align="center">
      <Segmented<Span | typeof OWN>
        aria-label={t.title}
        value={isOwn ? OWN : value.span}
        options={[...spans, OWN as typeof OWN].map((key) => ({ value: key, label: t[key] }))}
        onChange={choose}
      />
      {isOwn && (
        <DatePicker.RangePicker
          showTime
          allowClear={false}
          value={[dayjs(value.from), dayjs(value.to)]}
          onChange={(moments) => {
            const [from, to] = moments ?? [];
            if (from && to) onChange({ from: from.toISOString(), to: to.toISOString() });
          }}
        />
      )}
    </Flex>
  );
}
