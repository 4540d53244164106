import type { Schemas } from '@/api';
import { useFormats, useTexts } from '@/i18n';

const WIDTH = 120;
const HEIGHT = 28;

/** Bars of equal width over the range of a column. */
export function Histogram({ bins }: { bins: Schemas['ColumnStatistics']['histogram'] }) {
  const t = useTexts().tables.statistics;
  const formats = useFormats();
  const all = bins ?? [];
  if (all.length === 0) return <>–</>;
  const most = Math.max(...all.map(({ count }) => count), 1);
  const bar = WIDTH / all.length;
  const said = (value: unknown) => (typeof value === 'number' ? formats.number(value, 3) : String(value));
  const label = t.bins(said(all[0]?.from), said(all.at(-1)?.to), formats.number(most));
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={label} style={{ display: 'block' }}>
      <title>{label}</title>
      {all.map(({ count }, index) => {
        const height = count === 0 ? 0 : Math.max(1, (count / most) * HEIGHT);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: bins have no other name than their place
            key={index}
            x={index * bar}
            y={HEIGHT - height}
            width={Math.max(1, bar - 1)}
            height={height}
            fill="var(--ant-color-primary)"
          />
        );
      })}
    </svg>
  );
}
