import { Wrapped } from '@/components/text/Wrapped';
import { useFormats, useTexts } from '@/i18n';
import type { Capacity, Pool } from '../queries';

/** Cores, memory, GPUs in one line; a dash where nothing is known. */
export function Size({ of }: { of: Capacity | null | undefined }) {
  const t = useTexts().resources.groups;
  const formats = useFormats();
  if (!of) return <>–</>;
  const { cpu = 0, memory_gb = 0, gpu = 0 } = of;
  return <>{t.size(formats.number(cpu, 2), formats.number(memory_gb, 2), formats.number(gpu))}</>;
}

/** What GPUs are, and how many of each are free, a line each; a dash where nothing is known. */
export function GpuKinds({ of }: { of: Pool['gpu_kinds'] }) {
  const t = useTexts().resources;
  if (of.length === 0) return <>–</>;
  return of.map(({ kind, gpu, free }) => (
    <div key={kind}>{t.freeOfKind(kind ?? t.unknownKind, free, gpu)}</div>
  ));
}

/** How many pods, and what GPUs they ask for: of each version a line, long names in several. */
export function Pods({ of }: { of: Pool['held'] }) {
  const count = of.reduce((sum, { pods }) => sum + pods, 0);
  return (
    <>
      {count}
      {of
        .filter(({ gpu }) => gpu > 0)
        .map(({ service, version, gpu, gpu_kind }) => (
          <Wrapped key={`${service}/${version}/${gpu_kind}`}>
            {gpu_kind === null ? `${gpu} GPU` : `${gpu} × ${gpu_kind}`}
          </Wrapped>
        ))}
    </>
  );
}
