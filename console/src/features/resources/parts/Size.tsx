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

/** What of a pool no pod asks for, a line each, its kinds of GPU below; a dash where there is no node. */
export function Room({ of: { group, node, capacity, free, gpu_kinds: kinds } }: { of: Pool }) {
  const t = useTexts().resources.capacity;
  const { number } = useFormats();
  if (group !== null && node === null) return <>–</>;
  const { cpu = 0, memory_gb: memory = 0, gpu = 0 } = capacity;
  return (
    <>
      <div>{t.freeCores(number(free.cpu ?? 0, 2), number(cpu, 2))}</div>
      <div>{t.freeMemory(number(free.memory_gb ?? 0, 2), number(memory, 2))}</div>
      {gpu > 0 && <div>{t.freeGpus(number(free.gpu ?? 0), number(gpu))}</div>}
      {kinds.length > 0 && <GpuKinds of={kinds} />}
    </>
  );
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

/** Whose pods wait for room, and what they ask for together; those of other projects without a name. */
export function WaitingPods({ of }: { of: Pool['waiting'] }) {
  const t = useTexts().resources.capacity;
  const { number } = useFormats();
  if (of.length === 0) return <>0</>;
  return of.map(({ service, version, pods, cpu, memory_gb, gpu, gpu_kind: kind }) => (
    <div key={`${service}/${version}/${kind}`} style={{ maxWidth: 250, overflowWrap: 'anywhere' }}>
      <div>{service === null ? t.otherProjects : `${service} / ${version}`}</div>
      {t.asksFor(number(pods), number(cpu, 2), number(memory_gb, 2), gpu, kind)}
    </div>
  ));
}
