import { Muted } from '@/components/text/Muted';
import { useFormats, useTexts } from '@/i18n';
import type { Distribution } from '../queries';

/** Both sides in a few numbers: rows, what is missing, mean and median; and what the baseline was made of. */
export function Figures({ of }: { of: Distribution }) {
  const t = useTexts().quality.distribution;
  const formats = useFormats();
  const { window, baseline } = of;
  const number = (value: number | null | undefined) => (value == null ? '–' : formats.number(value, 4));
  const pairs: [string, string, string][] = [
    [t.rows, formats.number(baseline?.rows ?? 0), formats.number(window.rows)],
    [t.nulls, formats.percent(baseline?.nulls ?? 0), formats.percent(window.nulls)],
  ];
  if (window.mean != null) pairs.push([t.mean, number(baseline?.mean), number(window.mean)]);
  if (window.median != null) pairs.push([t.median, number(baseline?.median), number(window.median)]);
  return (
    <div>
      {pairs.map(([name, before, now]) => (
        <span key={name} style={{ marginInlineEnd: 24, whiteSpace: 'nowrap' }}>
          <Muted>{name}</Muted> {baseline && <Muted>{before} → </Muted>}
          <b style={{ fontVariantNumeric: 'tabular-nums' }}>{now}</b>
        </span>
      ))}
      <div>
        <Muted>{of.source ? t.source(of.source) : t.noBaseline}</Muted>
      </div>
    </div>
  );
}
