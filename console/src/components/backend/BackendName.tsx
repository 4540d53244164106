import { Flex } from 'antd';
import { useTexts } from '@/i18n';
import { ToneTag } from '../text/StatusTag';
import { type Named, type Runner, useBackends } from './useBackends';

/** What runs the pods of a group, and that it cannot now where that is so; why, on hover and focus. */
export function BackendName({ backend }: { backend: Named }) {
  const { runnerOf } = useBackends();
  const runner = runnerOf(backend);
  return (
    <Flex gap={4} align="center" wrap>
      {runner.word}
      <AwayTag of={runner} />
    </Flex>
  );
}

export function AwayTag({ of: { problem } }: { of: Runner }) {
  const t = useTexts().resources.groups;
  if (problem === null) return null;
  return (
    <ToneTag tone="warning" hint={problem}>
      {t.away}
    </ToneTag>
  );
}
