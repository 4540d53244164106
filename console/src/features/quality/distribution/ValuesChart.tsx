import { useFormats, useTexts } from '@/i18n';
import type { Distribution } from '../queries';

type Share = NonNullable<Distribution['values']>[number];

/** One line a value: the window's share as a bar, the baseline's as a mark, both in figures. */
export function ValuesChart({ values }: { values: readonly Share[] }) {
  const t = useTexts().quality.distribution;
  const formats = useFormats();
  const top = Math.max(
    ...values.flatMap(({ window, baseline }) => [window ?? 0, baseline ?? 0]),
    Number.MIN_VALUE,
  );
  const share = (of: number | null | undefined) => (of == null ? '–' : formats.percent(of));
  const place = (of: number) => `${(of / top) * 100}%`;
  return (
    <table style={{ width: '100%', borderSpacing: '8px 4px' }}>
      <thead>
        <tr>
          <th style={{ textAlign: 'start' }}>{t.value}</th>
          <td />
          <th style={NUMBER}>{t.window}</th>
          <th style={NUMBER}>{t.baseline}</th>
        </tr>
      </thead>
      <tbody>
        {values.map(({ value, window, baseline }) => (
          <tr key={value ?? '\0others'}>
            <th style={{ textAlign: 'start', fontWeight: 400, maxWidth: 220, overflowWrap: 'anywhere' }}>
              {value ?? <i>{t.others}</i>}
            </th>
            <td style={{ width: '60%' }} aria-hidden="true">
              <div
                style={{ position: 'relative', height: 16, background: 'var(--ant-color-fill-secondary)' }}
              >
                <div
                  style={{
                    width: place(window ?? 0),
                    height: '100%',
                    background: 'var(--ant-color-primary)',
                    opacity: 0.55,
                  }}
                />
                {baseline != null && (
                  <div style={{ ...MARK, insetInlineStart: `calc(${place(baseline)} - 1px)` }} />
                )}
              </div>
            </td>
            <td style={NUMBER}>{share(window)}</td>
            <td style={NUMBER}>{share(baseline)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const NUMBER = { textAlign: 'end', fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' } as const;
const MARK = {
  position: 'absolute',
  top: -2,
  bottom: -2,
  width: 3,
  background: 'var(--ant-color-text)',
} as const;
