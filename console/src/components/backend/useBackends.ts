import { useQuery } from '@tanstack/react-query';
import { backendsQuery, type Schemas } from '@/api';
import { useTexts } from '@/i18n';

export type Backend = Schemas['BackendView'];
/** What a group names; null: the scheduler's default. */
export type Named = Schemas['GroupView']['backend'];

export interface Runner {
  /** What it is called: `Docker`, `The default (Docker)`. */
  readonly word: string;
  /** The same, and where. */
  readonly place: string;
  /** Why it can run no pods now, in a sentence. */
  readonly problem: string | null;
}

/** What the scheduler runs pods with, and what runs those of a group that names `backend`. */
export function useBackends(): { all: readonly Backend[]; runnerOf: (backend: Named) => Runner } {
  const t = useTexts().resources.groups;
  const { data: all = [] } = useQuery(backendsQuery);
  const runnerOf = (backend: Named): Runner => {
    const found = all.find((each) => (backend === null ? each.is_default : each.name === backend));
    const kind = backend ?? found?.name;
    const name = kind === undefined ? '' : t.backends[kind];
    const word = backend !== null ? name : name === '' ? t.byDefault : t.defaultIs(name);
    const isMissing = found === undefined && backend !== null && all.length > 0;
    return {
      word,
      place: found === undefined ? word : t.runsOn(word, found.machine),
      problem: isMissing ? t.backendMissing : (found?.problem ?? null),
    };
  };
  return { all, runnerOf };
}
