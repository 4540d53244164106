import type { ReactNode } from 'react';

/** Ant Design's variable: it costs nothing where a text is shown in each of many rows. */
const COLOR = 'var(--ant-color-text-secondary)';
const LINE = { color: COLOR, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' } as const;

/** Text of less weight; `isLine`: on one line of its own, cut where it is too long, whole on hover. */
export function Muted({ children, isLine = false }: { children: ReactNode; isLine?: boolean }) {
  if (!isLine) return <span style={{ color: COLOR }}>{children}</span>;
  return (
    <div title={typeof children === 'string' ? children : undefined} style={LINE}>
      {children}
    </div>
  );
}
