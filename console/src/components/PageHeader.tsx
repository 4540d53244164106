import { Flex, Typography } from 'antd';
import type { ReactNode } from 'react';
import { useTitle } from './useTitle';

/** A page's title with what stands beside it: a state, a line of explanation, actions on the right. */
export function PageHeader(props: {
  title: string;
  status?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
}) {
  useTitle(props.title);
  return (
    <Flex
      component="header"
      justify="space-between"
      align="start"
      gap="middle"
      wrap
      style={{ marginBottom: 16 }}
    >
      <div style={{ minWidth: 0 }}>
        <Flex align="center" gap="small" wrap>
          <Typography.Title level={1} style={{ fontSize: 22, margin: 0, overflowWrap: 'anywhere' }}>
            {props.title}
          </Typography.Title>
          {props.status}
        </Flex>
        {props.description !== undefined && (
          <Typography.Text type="secondary">{props.description}</Typography.Text>
        )}
      </div>
      {props.actions !== undefined && (
        <Flex gap="small" wrap>
          {props.actions}
        </Flex>
      )}
    </Flex>
  );
}
