import { useFormats, useTexts } from '@/i18n';

const WIDTH = 140;
const HEIGHT = 12;

/** A value as a bar, with a line where its threshold is; all on one scale. */
export function ValueBar(props: {
  value: number | null;
  threshold: number | null;
  /** The largest of those that are compared. */
  most: number;
}) {
  const t = useTexts().alerts;
  const formats = useFormats();
  const { value, threshold } = props;
  if (value === null || threshold === null) return <>–</>;
  const most = Math.max(props.most, Number.MIN_VALUE) * 1.05;
  const x = (of: number) => (Math.abs(of) / most) * WIDTH;
  const label = t.bar(formats.number(value, 4), formats.number(threshold, 4));
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={label} style={{ display: 'block' }}>
      <title>{label}</title>
      <rect width={WIDTH} height={HEIGHT} rx={3} fill="var(--ant-color-fill-secondary)" />
      <rect width={x(value)} height={HEIGHT} rx={3} fill="var(--ant-color-error)" />
      <rect x={x(threshold) - 1} width={2} height={HEIGHT} fill="var(--ant-color-text)" />
    </svg>
  );
}
