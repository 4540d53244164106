import { Flex, theme } from 'antd';

/** A share of 100 as a bar with its number. */
export function TrafficBar({ share, label }: { share: number; label: string }) {
  const { token } = theme.useToken();
  return (
    <Flex align="center" gap="small">
      <div
        role="img"
        aria-label={label}
        style={{ width: 72, height: 8, borderRadius: 4, background: token.colorFillSecondary }}
      >
        <div
          style={{ width: `${share}%`, height: '100%', borderRadius: 4, background: token.colorPrimary }}
        />
      </div>
      <span style={{ fontVariantNumeric: 'tabular-nums' }}>{share} %</span>
    </Flex>
  );
}
