import type { ReactNode } from 'react';

/** A text of any length in a cell of a table: in lines, where the table would else be as wide as the text. */
export function Wrapped({ children }: { children: ReactNode }) {
  return <div style={{ maxWidth: 280, overflowWrap: 'anywhere' }}>{children}</div>;
}
