import { Alert, Button, Flex, Modal, Table } from 'antd';
import type { FieldChange, UpdatePreview } from '@/api';
import { useTexts } from '@/i18n';
import { ChangesTable, Value } from './ChangesTable';
import { flatten } from './fieldChanges';
import type { ReviewedEdit } from './useReviewedEdit';

/** Old beside new before an update is stored; or what somebody else has changed meanwhile, with the choice. */
export function ReviewDialog<C extends object>({ edit }: { edit: ReviewedEdit<C> }) {
  const { stage } = edit;
  if (stage.kind === 'review') return <Review preview={stage.preview} edit={edit} />;
  if (stage.kind === 'conflict') return <Conflict theirs={stage.theirs} change={stage.change} edit={edit} />;
  return null;
}

function Review<C>({ preview, edit }: { preview: UpdatePreview; edit: ReviewedEdit<C> }) {
  const t = useTexts().review;
  const isEmpty = preview.changes.length === 0;
  return (
    <Modal
      open
      title={t.title}
      width={760}
      okText={t.apply}
      okButtonProps={{ disabled: isEmpty }}
      confirmLoading={edit.isBusy}
      onOk={() => void edit.apply()}
      onCancel={edit.backToEditing}
    >
      <Flex vertical gap="middle">
        {isEmpty ? (
          <Alert type="info" showIcon title={t.nothing} />
        ) : (
          <>
            <Alert
              type={preview.replaces_pods ? 'warning' : 'info'}
              showIcon
              title={preview.replaces_pods ? t.replacesPods : t.keepsPods}
            />
            <ChangesTable changes={preview.changes} />
          </>
        )}
      </Flex>
    </Modal>
  );
}

function Conflict<C extends object>(props: {
  theirs: readonly FieldChange[];
  change: C;
  edit: ReviewedEdit<C>;
}) {
  const t = useTexts().review;
  const { edit } = props;
  const mine = flatten(props.change);
  return (
    <Modal
      open
      title={t.conflictTitle}
      width={820}
      onCancel={edit.backToEditing}
      footer={
        <>
          <Button onClick={edit.takeTheirs}>{t.takeTheirs}</Button>
          <Button type="primary" loading={edit.isBusy} onClick={() => void edit.keepMine()}>
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
      <p>{t.keepMineHint}</p>
    </Modal>
  );
}
