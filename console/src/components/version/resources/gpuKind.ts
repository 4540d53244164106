import type { FormRule } from 'antd';
import { useTexts } from '@/i18n';

const KIND = /^[A-Za-z0-9]([A-Za-z0-9 ._+/()-]{0,62}[A-Za-z0-9)])?$/;

/** Whether the API takes it for the name of a kind of GPU; nothing, and spaces alone, mean any. */
export function isGpuKind(typed: string | null | undefined): boolean {
  const kind = (typed ?? '').trim().replace(/\s+/g, ' ');
  return kind === '' || KIND.test(kind);
}

/** The rule of a field for a kind of GPU. */
export function useGpuKindRule(): FormRule {
  const { gpuKindRule } = useTexts().versionFields;
  return {
    validator: (_, typed: string | null) =>
      isGpuKind(typed) ? Promise.resolve() : Promise.reject(gpuKindRule),
  };
}

/** The same beside a field `gpu`: a kind without a GPU is refused. */
export function useKindOfGpusRule(): FormRule {
  const { gpuKindAlone } = useTexts().versionFields;
  return ({ getFieldValue }) => ({
    validator: (_, typed: string | null) =>
      (typed ?? '').trim() === '' || getFieldValue('gpu') > 0
        ? Promise.resolve()
        : Promise.reject(gpuKindAlone),
  });
}
