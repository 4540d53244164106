const WIDTH = 96;
const HEIGHT = 24;

/** A small line of values; null is a gap, a lone value a dot. `label` says it in words. */
export function Sparkline({ values, label }: { values: readonly (number | null)[]; label: string }) {
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={label} style={{ display: 'block' }}>
      <title>{label}</title>
      <path
        d={sparkPath(values, WIDTH, HEIGHT)}
        fill="none"
        stroke="var(--ant-color-primary)"
        strokeWidth={1.5}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** The path of a line from 0 at the bottom to the largest value at the top. */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): string {
  const largest = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  const step = values.length > 1 ? (width - 2) / (values.length - 1) : 0;
  let isDrawing = false;
  const parts: string[] = [];
  values.forEach((value, index) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const [x, y] = [1 + index * step, height - 2 - (value / largest) * (height - 4)];
    // A move alone draws nothing: a line to the same place is the dot of a lone value.
    parts.push(isDrawing ? `L${x.toFixed(1)} ${y.toFixed(1)}` : `M${x.toFixed(1)} ${y.toFixed(1)}h0`);
    isDrawing = true;
  });
  return parts.join('');
}
