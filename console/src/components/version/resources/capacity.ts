import type { Schemas } from '@/api';

type Size = Schemas['Capacity'];

/** Whether a pod of this size has room. */
export function fits(pod: Required<Size>, free: Size): boolean {
  return pod.cpu <= (free.cpu ?? 0) && pod.memory_gb <= (free.memory_gb ?? 0) && pod.gpu <= (free.gpu ?? 0);
}

/** What no pod asks for on the open nodes of each group, and whether one of them has room for `pod`. */
export function freeOf(pools: readonly Schemas['PoolView'][], group: string, pod: Required<Size>) {
  const nodes = pools.filter((pool) => pool.group === group && pool.is_open);
  const sum = (of: (free: Size) => number | undefined) =>
    nodes.reduce((total, { free }) => total + (of(free) ?? 0), 0);
  return {
    cpu: sum((free) => free.cpu),
    memory_gb: sum((free) => free.memory_gb),
    gpu: sum((free) => free.gpu),
    hasRoom: nodes.some(({ free }) => fits(pod, free)),
  };
}
