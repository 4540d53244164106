import { type ReactNode, useState } from 'react';
import { type ApiError, asApiError, type FieldChange } from '@/api';
import { useTexts } from '@/i18n';
import { FormNotice } from '../form/errors/FormNotice';
import { FormModal, STAYS_OPEN } from '../form/FormModal';
import { merged } from '../form/merged';
import { ConflictDialog } from './ConflictDialog';
import { differences } from './fieldChanges';

interface Overtaken<T, V> {
  readonly now: T;
  readonly values: V;
  readonly theirs: readonly FieldChange[];
}

/**
 * Something new, or another definition of something, in a dialog. An edit is for the state that it began with: where
 * somebody else was faster (412) it shows what they changed, and goes on as the user chooses.
 */
export function DefinitionForm<T extends { readonly revision: number }, V extends object>(props: {
  /** null: something new. */
  of: T | null;
  title: string;
  /** What the button says that makes a new one; *Create* by default. */
  action?: string;
  valuesOf: (of: T | null) => V;
  create: (values: V) => Promise<unknown>;
  replace: (of: T, values: V) => Promise<unknown>;
  read: (of: T) => Promise<T>;
  /** The fields of `T` that are defined anew, as the form has them. */
  definitionOf: (values: V, of: T) => object;
  onClose: () => void;
  children: ReactNode;
}) {
  const { common, review: t } = useTexts();
  // What was opened, whatever becomes of it meanwhile; after a conflict that is not over: what is there now.
  const [base, setBase] = useState(props.of);
  const [overtaken, setOvertaken] = useState<Overtaken<T, V> | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [begin, setBegin] = useState(() => props.valuesOf(props.of));
  const [refusal, setRefusal] = useState<ApiError | null>(null);

  const replace = async (of: T, values: V) => {
    try {
      await props.replace(of, values);
      return undefined;
    } catch (thrown) {
      if (asApiError(thrown).status !== 412) throw thrown;
      const now = await props.read(of);
      const fields = Object.keys(props.definitionOf(values, of));
      setOvertaken({ now, values, theirs: differences(base, now, fields) });
      return STAYS_OPEN;
    }
  };
  const submit = (typed: V) => {
    const values = merged(begin, typed);
    setRefusal(null);
    return base === null ? props.create(values) : replace(base, values);
  };
  const goOn = (now: T, values: V) => {
    setOvertaken(null);
    setBase(now);
    setBegin(values);
  };
  const keepMine = async ({ now, values }: Overtaken<T, V>) => {
    setBusy(true);
    try {
      if ((await replace(now, values)) !== STAYS_OPEN) props.onClose();
    } catch (thrown) {
      goOn(now, values);
      setRefusal(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <FormModal<V>
        key={base?.revision ?? 'new'}
        title={props.title}
        {...(base === null && { action: props.action ?? common.create })}
        initial={begin}
        submit={submit}
        onClose={props.onClose}
      >
        <FormNotice error={refusal} />
        {props.children}
      </FormModal>
      {overtaken && base && (
        <ConflictDialog
          theirs={overtaken.theirs}
          mine={props.definitionOf(overtaken.values, base)}
          hint={t.keepMineAllHint}
          isBusy={isBusy}
          keepMine={() => void keepMine(overtaken)}
          takeTheirs={() => goOn(overtaken.now, props.valuesOf(overtaken.now))}
          onClose={() => setOvertaken(null)}
        />
      )}
    </>
  );
}
