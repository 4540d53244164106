import { Flex, Typography } from 'antd';
import { useTexts } from '@/i18n';
import type { Runner } from './useBackends';

/** One choice of a list, with what runs the pods there; where that cannot now, the reason stands below. */
export function BackendOption({ name, runner }: { name: string; runner: Runner }) {
  return (
    <Flex vertical style={{ whiteSpace: 'normal' }}>
      {name}
      <Problem of={runner} />
    </Flex>
  );
}

/** Why what runs the pods cannot now, as a sentence; nothing where it can. */
export function Problem({ of: { problem } }: { of: Runner }) {
  const t = useTexts().resources.groups;
  if (problem === null) return null;
  return <Typography.Text type="warning">{t.awayBecause(problem)}</Typography.Text>;
}
