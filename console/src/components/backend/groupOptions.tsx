import type { SelectProps } from 'antd';
import type { Schemas } from '@/api';
import { BackendOption } from './BackendOption';
import { useBackends } from './useBackends';

type Group = Schemas['GroupView'];

/** A choice of groups: each with what runs its pods, and why it cannot now where that is so. */
export function useGroupOptions(groups: readonly Group[]): Pick<SelectProps, 'options' | 'optionRender'> {
  const { runnerOf } = useBackends();
  const runners = new Map(groups.map(({ name, backend }) => [name, runnerOf(backend)]));
  return {
    options: groups.map(({ name }) => ({ value: name, label: `${name} · ${runners.get(name)?.word}` })),
    optionRender: ({ label, value }) => {
      const runner = runners.get(String(value));
      return runner === undefined ? label : <BackendOption name={String(label)} runner={runner} />;
    },
  };
}
