import { useState } from 'react';
import { asApiError, type FieldChange, type UpdatePreview } from '@/api';
import { differences } from './fieldChanges';

interface Revised {
  readonly revision: number;
}

/** Where an edit stands: reviewed before it is stored, or overtaken by somebody else's. */
export type Stage<C> =
  | { readonly kind: 'editing' }
  | { readonly kind: 'review'; readonly change: C; readonly preview: UpdatePreview }
  | { readonly kind: 'conflict'; readonly change: C; readonly theirs: readonly FieldChange[] };

export interface ReviewedEdit<C> {
  readonly stage: Stage<C>;
  readonly isBusy: boolean;
  /** Asks the server what the change would do. */
  readonly review: (change: C) => Promise<void>;
  readonly apply: () => Promise<void>;
  readonly keepMine: () => Promise<void>;
  readonly takeTheirs: () => void;
  readonly backToEditing: () => void;
}

/**
 * An edit that is shown before it is stored: dry run, then the write, both for the revision that the form began with.
 * Where somebody else was faster (412) it says what they changed, and goes on as the user chooses.
 */
export function useReviewedEdit<T extends Revised, C extends object>(options: {
  /** What the form was filled from. */
  readonly base: T;
  readonly preview: (change: C, revision: number) => Promise<UpdatePreview>;
  readonly write: (change: C, revision: number) => Promise<unknown>;
  readonly read: () => Promise<T>;
  /** The fields of `T` that a form of this kind can change. */
  readonly fields: readonly string[];
  readonly onDone: () => void;
  /** The form begins anew from this state, with (`change`) or without what was typed. */
  readonly onRebase: (now: T, change: C | null) => void;
  readonly onError: (thrown: unknown) => void;
}): ReviewedEdit<C> {
  const [stage, setStage] = useState<Stage<C>>({ kind: 'editing' });
  const [isBusy, setBusy] = useState(false);
  const [latest, setLatest] = useState<T | null>(null);

  const guarded = async (change: C, step: () => Promise<void>) => {
    setBusy(true);
    try {
      await step();
    } catch (thrown) {
      if (asApiError(thrown).status === 412) await showConflict(change).catch(options.onError);
      else {
        setStage({ kind: 'editing' });
        options.onError(thrown);
      }
    } finally {
      setBusy(false);
    }
  };
  const showConflict = async (change: C) => {
    const now = await options.read();
    setLatest(now);
    setStage({ kind: 'conflict', change, theirs: differences(options.base, now, options.fields) });
  };
  const reviewAt = (change: C, revision: number) =>
    guarded(change, async () =>
      setStage({ kind: 'review', change, preview: await options.preview(change, revision) }),
    );
  return {
    stage,
    isBusy,
    review: (change) => reviewAt(change, options.base.revision),
    apply: async () => {
      if (stage.kind !== 'review') return;
      await guarded(stage.change, async () => {
        await options.write(stage.change, options.base.revision);
        setStage({ kind: 'editing' });
        options.onDone();
      });
    },
    keepMine: async () => {
      if (stage.kind !== 'conflict' || latest === null) return;
      options.onRebase(latest, stage.change);
      await reviewAt(stage.change, latest.revision);
    },
    takeTheirs: () => {
      if (latest !== null) options.onRebase(latest, null);
      setStage({ kind: 'editing' });
    },
    backToEditing: () => setStage({ kind: 'editing' }),
  };
}
