import type { Schemas } from '@/api';

type Size = Schemas['Capacity'];
type Kinds = Schemas['PoolView']['gpu_kinds'];
export type Pod = Required<Size> & { readonly gpu_kind?: string | null };

/** Whether the name of a kind of GPU holds these words, as the scheduler reads them: a slice is meant by its own. */
export function isOfKind(kind: string | null, wanted: string): boolean {
  const name = (kind ?? '').toLowerCase();
  const words = wanted.trim().toLowerCase();
  const slice = name.search(/\bmig\b/);
  const isPart = (at: number) => /[a-z0-9]/.test(name.charAt(at));
  for (let at = name.indexOf(words); at >= 0 && words !== ''; at = name.indexOf(words, at + 1)) {
    const end = at + words.length;
    if (!(at > 0 && isPart(at - 1)) && !isPart(end) && end > slice) return true;
  }
  return false;
}

/** Whether a pod of this size has room where GPUs are of these kinds. */
export function fits(pod: Pod, free: Size, kinds: Kinds): boolean {
  const hasRoom =
    pod.cpu <= (free.cpu ?? 0) && pod.memory_gb <= (free.memory_gb ?? 0) && pod.gpu <= (free.gpu ?? 0);
  return hasRoom && (!pod.gpu_kind || pod.gpu <= freeOfKind(kinds, pod.gpu_kind));
}

function freeOfKind(kinds: Kinds, wanted: string): number {
  return kinds.filter(({ kind }) => isOfKind(kind, wanted)).reduce((total, { free }) => total + free, 0);
}

/** What no pod asks for on the open nodes of each group, and whether one of them has room for `pod`. */
export function freeOf(pools: readonly Schemas['PoolView'][], group: string, pod: Pod) {
  const nodes = pools.filter((pool) => pool.group === group && pool.is_open);
  const sum = (of: (free: Size) => number | undefined) =>
    nodes.reduce((total, { free }) => total + (of(free) ?? 0), 0);
  return {
    cpu: sum((free) => free.cpu),
    memory_gb: sum((free) => free.memory_gb),
    gpu: sum((free) => free.gpu),
    kinds: kindsOf(nodes),
    hasRoom: nodes.some(({ free, gpu_kinds }) => fits(pod, free, gpu_kinds)),
  };
}

/** Names of the kinds of GPU that are known. */
export function kindsOf(pools: readonly Schemas['PoolView'][]): string[] {
  const known = pools.flatMap(({ gpu_kinds }) => gpu_kinds.map(({ kind }) => kind ?? ''));
  return [...new Set(known.filter((kind) => kind !== ''))];
}
