import { Button, type TableProps } from 'antd';
import { type ReactNode, useState } from 'react';
import { useTexts } from '@/i18n';
import { ConfirmByName } from '../form/ConfirmByName';
import { ListCard } from '../page/ListCard';
import { type RowAction, RowButtons } from './RowButtons';

/** A dialog about one of them, beside *edit* and *delete*. */
interface Dialog<T> {
  readonly label: string;
  /** Also for whom may not change it. */
  readonly isForAll?: boolean;
  readonly content: (of: T, close: () => void) => ReactNode;
}

interface Named {
  readonly name: string;
}

/** A list of things that are made, changed and deleted here, each in a dialog, one at a time. */
export function EditableList<T extends Named>(props: {
  texts: { readonly title: string; readonly empty: string; readonly emptyHint: string };
  query: { data?: readonly T[] | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  columns: NonNullable<TableProps<T>['columns']>;
  /** What its button says; false: the user may make none. */
  create: string | false;
  actions?: ReactNode;
  mayChange: (of: T) => boolean;
  /** Makes a new one, or edits one. */
  form: (of: T | null, close: () => void) => ReactNode;
  dialogs?: readonly Dialog<T>[];
  /** A button for what is done at once. */
  immediate?: (of: T) => ReactNode;
  remove: {
    readonly title: (name: string) => string;
    readonly hint: string;
    run: (of: T) => Promise<unknown>;
  };
}) {
  const { common } = useTexts();
  const [shown, setShown] = useState<((close: () => void) => ReactNode) | null>(null);
  const close = () => setShown(null);
  const { form, remove, dialogs = [] } = props;
  const show = (content: (close: () => void) => ReactNode) => setShown(() => content);
  const edits = (of: T): RowAction[] => [
    { label: common.edit, run: () => show((done) => form(of, done)) },
    {
      label: common.delete,
      isDanger: true,
      run: () =>
        show((done) => (
          <ConfirmByName
            name={of.name}
            title={remove.title(of.name)}
            confirm={() => remove.run(of)}
            onClose={done}
          >
            {remove.hint}
          </ConfirmByName>
        )),
    },
  ];
  const rowActions = (of: T) => {
    const mayChange = props.mayChange(of);
    const offered = dialogs
      .filter(({ isForAll = false }) => mayChange || isForAll)
      .map(({ label, content }) => ({ label, run: () => show((done) => content(of, done)) }));
    return (
      <RowButtons actions={[...offered, ...(mayChange ? edits(of) : [])]}>
        {mayChange && props.immediate?.(of)}
      </RowButtons>
    );
  };
  const hasActions =
    dialogs.some(({ isForAll }) => isForAll) || (props.query.data ?? []).some(props.mayChange);
  return (
    <>
      <ListCard<T>
        texts={props.texts}
        query={props.query}
        rowKey={({ name }) => name}
        actions={
          <>
            {props.actions}
            {props.create !== false && (
              <Button type="primary" onClick={() => show((done) => form(null, done))}>
                {props.create}
              </Button>
            )}
          </>
        }
        rowActions={hasActions && rowActions}
        columns={props.columns}
      />
      {shown?.(close)}
    </>
  );
}
