import { theme } from 'antd';
import type { ReactNode } from 'react';

/** Text of less weight; `isLine`: on one line of its own, cut where it is too long, whole on hover. */
export function Muted({ children, isLine = false }: { children: ReactNode; isLine?: boolean }) {
  const { token } = theme.useToken();
  const color = token.colorTextSecondary;
  if (!isLine) return <span style={{ color }}>{children}</span>;
  return (
    <div
      title={typeof children === 'string' ? children : undefined}
      style={{ color, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}
    >
      {children}
    </div>
  );
}
