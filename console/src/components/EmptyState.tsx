import { Empty, Flex, Typography } from 'antd';
import type { ReactNode } from 'react';

/** In place of a list without rows: what would be here, and how to get it. */
export function EmptyState(props: { title: string; hint?: ReactNode; children?: ReactNode }) {
  return (
    <Empty
      image={Empty.PRESENTED_IMAGE_SIMPLE}
      style={{ padding: '32px 16px' }}
      description={
        <Flex vertical gap={4} align="center">
          <Typography.Text strong>{props.title}</Typography.Text>
          {props.hint !== undefined && <Typography.Text type="secondary">{props.hint}</Typography.Text>}
        </Flex>
      }
    >
      {props.children}
    </Empty>
  );
}
