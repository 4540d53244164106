import { useFormats, useTexts } from '@/i18n';
import { evidenceShare } from './figures';
import type { Guardrail } from './queries';

const WIDTH = 110;

/** How near the e-value is to the bound from which on the canary is rolled back. */
export function EvidenceBar({ of }: { of: Guardrail }) {
  const { canary: t } = useTexts();
  const formats = useFormats();
  const share = evidenceShare(of);
  if (share === null) return <>–</>;
  const said = (value: number | null | undefined) =>
    (value ?? 0) >= 1e6 ? '> 10⁶' : formats.number(value ?? 0, 2);
  const label = t.evidenceLabel(said(of.e_value), said(of.rolls_back_at));
  return (
    <>
      <svg width={WIDTH} height={8} role="img" aria-label={label} style={{ display: 'block' }}>
        <title>{label}</title>
        <rect width={WIDTH} height={8} rx={4} fill="var(--ant-color-fill-secondary)" />
        <rect
          width={share * WIDTH}
          height={8}
          rx={4}
          fill={share < 1 ? 'var(--ant-color-primary)' : 'var(--ant-color-error)'}
        />
      </svg>
      <span style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}>
        {`${said(of.e_value)} / ${said(of.rolls_back_at)}`}
      </span>
    </>
  );
}
