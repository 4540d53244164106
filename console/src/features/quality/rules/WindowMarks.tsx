import { useFormats, useTexts } from '@/i18n';
import { marksOf } from '../one/heat';
import type { Verdict } from '../queries';
import { LOOKS } from './States';

const MOST = 24;
const SIZE = 8;
const HEIGHTS = { ok: 6, insufficient_data: 3, error: 10, warning: 12, critical: 18 } as const;
const HEIGHT = 18;

/** The last windows as bars: the worse, the higher. */
export function WindowMarks({ verdicts }: { verdicts: readonly Verdict[] }) {
  const t = useTexts().quality;
  const formats = useFormats();
  const marks = marksOf(verdicts, MOST);
  if (marks.length === 0) return <>–</>;
  const bad = marks.filter(({ state }) => state === 'critical' || state === 'warning').length;
  const label = t.marks(marks.length, bad);
  return (
    <svg width={MOST * SIZE} height={HEIGHT} role="img" aria-label={label} style={{ display: 'block' }}>
      <title>{label}</title>
      {marks.map(({ end, state }, index) => (
        <rect
          key={end}
          x={index * SIZE}
          y={HEIGHT - HEIGHTS[state]}
          width={SIZE - 2}
          height={HEIGHTS[state]}
          rx={1}
          fill={LOOKS[state].color}
        >
          <title>{`${formats.dateTime(end)}: ${t.states[state]}`}</title>
        </rect>
      ))}
    </svg>
  );
}
