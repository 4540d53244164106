import { Empty, Flex } from 'antd';
import type { ReactNode } from 'react';
import { Muted } from '../text/Muted';

/** In place of a list without rows: what would be here, and how to get it. */
export function EmptyState(props: { title: string; hint?: ReactNode; children?: ReactNode }) {
  return (
    <Empty
      image={Empty.PRESENTED_IMAGE_SIMPLE}
      style={{ padding: '32px 16px' }}
      description={
        <Flex vertical gap={4} align="center">
          <strong>{props.title}</strong>
          {props.hint !== undefined && <Muted>{props.hint}</Muted>}
        </Flex>
      }
    >
      {props.children}
    </Empty>
  );
}
