import { useFormats, useTexts } from '@/i18n';
import type { Distribution } from '../queries';
import { outline, ticksOf } from './shapes';

type Bin = NonNullable<Distribution['bins']>[number];

const WIDTH = 960;
const HEIGHT = 220;
const BOTTOM = 190;

/** Shares of common bins: the window as an area, the baseline as steps behind and over it. */
export function BinsChart({ bins, isTime }: { bins: readonly Bin[]; isTime: boolean }) {
  const t = useTexts().quality.distribution;
  const formats = useFormats();
  const write = (value: number) =>
    isTime ? formats.dateTime(value * 1000) : formats.number(value, Math.abs(value) < 1 ? 4 : 2);
  const [low, high] = [bins[0]?.start ?? 0, bins.at(-1)?.end ?? 1];
  const top = Math.max(
    ...bins.flatMap(({ window, baseline }) => [window ?? 0, baseline ?? 0]),
    Number.MIN_VALUE,
  );
  const x = (value: number) => ((value - low) / (high - low || 1)) * WIDTH;
  const y = (share: number) => BOTTOM - (share / top) * (BOTTOM - 8);
  const has = {
    window: bins.some((bin) => bin.window !== null),
    baseline: bins.some((bin) => bin.baseline !== null),
  };
  const shape = (side: 'window' | 'baseline') =>
    outline(bins.map((bin) => ({ from: x(bin.start), to: x(bin.end), y: y(bin[side] ?? 0) })));
  const closed = (side: 'window' | 'baseline') => `M0 ${BOTTOM}L${shape(side).slice(1)}L${WIDTH} ${BOTTOM}Z`;
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={t.binsLabel(bins.length, write(low), write(high))}
      style={{ display: 'block', width: '100%', maxHeight: 320 }}
    >
      {has.baseline && <path d={closed('baseline')} fill="var(--ant-color-fill-secondary)" />}
      {has.window && <path d={closed('window')} fill="var(--ant-color-primary)" fillOpacity={0.55} />}
      {has.baseline && (
        <path d={shape('baseline')} fill="none" stroke="var(--ant-color-text)" strokeWidth={2} />
      )}
      <path d={`M0 ${BOTTOM}H${WIDTH}`} stroke="var(--ant-color-border)" />
      {ticksOf(low, high, isTime ? 2 : 6).map(({ value, anchor }) => (
        <text
          key={value}
          x={x(value)}
          y={BOTTOM + 20}
          textAnchor={anchor}
          fontSize={13}
          fill="var(--ant-color-text-secondary)"
        >
          {write(value)}
        </text>
      ))}
      {bins.map((bin) => (
        <rect
          key={bin.start}
          x={x(bin.start)}
          y={0}
          width={x(bin.end) - x(bin.start)}
          height={BOTTOM}
          fillOpacity={0}
        >
          <title>
            {t.bin(`${write(bin.start)} – ${write(bin.end)}`, share(bin.window), share(bin.baseline))}
          </title>
        </rect>
      ))}
    </svg>
  );

  function share(of: number | null | undefined): string {
    return of == null ? '–' : formats.percent(of);
  }
}
