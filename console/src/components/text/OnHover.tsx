import { Tooltip } from 'antd';
import { type ReactNode, useState } from 'react';

/** A hint that is made when the pointer comes: as many as a table has cells would cost more than the cells. */
export function OnHover({ hint, children }: { hint: () => string; children: ReactNode }) {
  const [isOver, setOver] = useState(false);
  return (
    <span onPointerEnter={() => setOver(true)} onPointerLeave={() => setOver(false)}>
      {isOver ? (
        <Tooltip title={hint()} open>
          <span>{children}</span>
        </Tooltip>
      ) : (
        children
      )}
    </span>
  );
}
