import { Flex, theme } from 'antd';
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
  const { token } = theme.useToken();
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
          <h1 style={{ fontSize: 22, fontWeight: 600, margin: 0, overflowWrap: 'anywhere' }}>
            {props.title}
          </h1>
          {props.status}
        </Flex>
        {props.description !== undefined && (
          <div style={{ color: token.colorTextSecondary, overflowWrap: 'anywhere' }}>{props.description}</div>
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
