import { useFormats, useTexts } from '@/i18n';
import type { Capacity } from '../queries';

/** Cores, memory, GPUs in one line; a dash where nothing is known. */
export function Size({ of }: { of: Capacity | null | undefined }) {
  const t = useTexts().resources.groups;
  const formats = useFormats();
  if (!of) return <>–</>;
  return (
    <>{t.size(formats.number(of.cpu ?? 0), formats.number(of.memory_gb ?? 0), formats.number(of.gpu ?? 0))}</>
  );
}
