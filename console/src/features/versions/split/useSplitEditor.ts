import { useQuery, useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { useState } from 'react';
import { type ApiError, activeVersions, asApiError, readServiceNow, type Service } from '@/api';
import { useDebounced } from '@/components/form/useDebounced';
import { useTexts } from '@/i18n';
import { previewSplit, type Split, setSplit, useChanged } from '../queries';
import { isSameSplit, moveShare } from './split';

export function splitOf(service: Service): Split {
  const weights = Object.fromEntries(
    activeVersions(service).map((version) => [version.name, version.traffic_weight]),
  );
  return { weights, fallback: service.fallback };
}

/** A split that is being edited: what it would do, and what somebody else has done meanwhile. */
export function useSplitEditor(service: Service) {
  const t = useTexts().versions;
  const { message } = App.useApp();
  const changed = useChanged(service.name);
  const queries = useQueryClient();
  const [draft, setDraft] = useState<{ split: Split; revision: number } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [overtaken, setOvertaken] = useState<Service | null>(null);
  const [isBusy, setBusy] = useState(false);
  const stored = splitOf(service);
  const split = draft?.split ?? stored;
  const isChanged =
    !isSameSplit(split.weights, stored.weights) || (split.fallback ?? null) !== (stored.fallback ?? null);
  const asked = useDebounced(draft);
  const preview = useQuery({
    queryKey: ['split preview', service.name, asked],
    queryFn: ({ signal }) => previewSplit(service.name, asked?.split ?? stored, signal),
    enabled: asked !== null && isChanged,
    placeholderData: (before) => before,
    retry: false,
  });

  const edit = (next: Split) => setDraft({ split: next, revision: draft?.revision ?? service.revision });
  const reset = () => {
    setDraft(null);
    setError(null);
    setOvertaken(null);
  };
  const write = async (wanted: Split, revision: number) => {
    setBusy(true);
    setError(null);
    void queries.cancelQueries({ queryKey: ['split preview', service.name] });
    try {
      await setSplit(service.name, wanted, revision);
      await changed();
      reset();
      void message.success(t.applied);
    } catch (thrown) {
      const failure = asApiError(thrown);
      if (failure.status === 412) setOvertaken(await readServiceNow(service.name));
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return {
    split,
    stored,
    isChanged,
    isBusy,
    error: error ?? (preview.error && asApiError(preview.error)),
    effective: isChanged ? (preview.data?.effective_weights ?? null) : null,
    overtaken,
    move: (name: string, share: number) => edit({ ...split, weights: moveShare(split.weights, name, share) }),
    setFallback: (fallback: string | null) => edit({ ...split, fallback }),
    apply: () => write(split, draft?.revision ?? service.revision),
    keepMine: () => (overtaken === null ? Promise.resolve() : write(split, overtaken.revision)),
    takeTheirs: async () => {
      await changed();
      reset();
    },
    reset,
  };
}

export type SplitEditor = ReturnType<typeof useSplitEditor>;
