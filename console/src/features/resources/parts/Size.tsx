import { useFormats, useTexts } from '@/i18n';
import type { Capacity, Pool } from '../queries';

/** Cores, memory, GPUs in one line; a dash where nothing is known. */
export function Size({ of }: { of: Capacity | null | undefined }) {
  const t = useTexts().resources.groups;
  const formats = useFormats();
  if (!of) return <>–</>;
  return (
    <>{t.size(formats.number(of.cpu ?? 0), formats.number(of.memory_gb ?? 0), formats.number(of.gpu ?? 0))}</>
  );
}

/** What GPUs are, and how many of each are free; a dash where nothing is known. */
export function GpuKinds({ of }: { of: Pool['gpu_kinds'] }) {
  const t = useTexts().resources;
  if (of.length === 0) return <>–</>;
  return <>{of.map(({ kind, gpu, free }) => t.freeOfKind(kind ?? t.unknownKind, free, gpu)).join(', ')}</>;
}

/** How many pods, and what GPUs they ask for. */
export function Pods({ of }: { of: Pool['held'] }) {
  const count = of.reduce((sum, { pods }) => sum + pods, 0);
  const gpus = of
    .filter(({ gpu }) => gpu > 0)
    .map(({ gpu, gpu_kind }) => (gpu_kind === null ? `${gpu} GPU` : `${gpu} × ${gpu_kind}`));
  return <>{gpus.length === 0 ? count : `${count} (${gpus.join(', ')})`}</>;
}
