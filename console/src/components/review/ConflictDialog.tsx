import { Button, Modal, Table } from 'antd';
import type { FieldChange } from '@/api';
import { useTexts } from '@/i18n';
import { Value } from './ChangesTable';
import { flatten } from './fieldChanges';

/** What somebody else has changed while a form was open, beside what was typed: which of the two is to be. */
export function ConflictDialog(props: {
  theirs: readonly FieldChange[];
  mine: object;
  /** What becomes of fields that the user did not touch, in a sentence. */
  hint?: string;
  isBusy: boolean;
  keepMine: () => void;
  takeTheirs: () => void;
  onClose: () => void;
}) {
  const t = useTexts().review;
  const mine = flatten(props.mine);
  return (
    <Modal
      open
      title={t.conflictTitle}
      width={820}
      onCancel={props.onClose}
      footer={
        <>
          <Button onClick={props.takeTheirs}>{t.takeTheirs}</Button>
          <Button type="primary" loading={props.isBusy} onClick={props.keepMine}>
            {t.keepMine}
          </Button>
        </>
      }
    >
      <p>{t.conflictHint}</p>
      <Table<FieldChange>
        size="small"
        rowKey="field"
        pagination={false}
        dataSource={[...props.theirs]}
        columns={[
          { title: t.field, render: (_, one) => <code>{one.field}</code> },
          { title: t.opened, render: (_, one) => <Value of={one.before} /> },
          { title: t.theirs, render: (_, one) => <Value of={one.after} /> },
          {
            title: t.yours,
            render: (_, one) => (mine.has(one.field) ? <Value of={mine.get(one.field)} /> : t.untouched),
          },
        ]}
      />
      {props.hint && <p>{props.hint}</p>}
    </Modal>
  );
}
