import { Button, Flex } from 'antd';
import type { ReactNode } from 'react';

export interface RowAction {
  readonly label: string;
  readonly run: () => void;
  readonly isDanger?: boolean;
}

/** What may be done with a row of a table; children stand first. */
export function RowButtons({ actions, children }: { actions: readonly RowAction[]; children?: ReactNode }) {
  return (
    <Flex gap="small" wrap>
      {children}
      {actions.map(({ label, run, isDanger = false }) => (
        <Button key={label} size="small" danger={isDanger} onClick={run}>
          {label}
        </Button>
      ))}
    </Flex>
  );
}
