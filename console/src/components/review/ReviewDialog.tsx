import { Alert, Flex, Modal } from 'antd';
import type { FieldChange, UpdatePreview } from '@/api';
import { useTexts } from '@/i18n';
import { ChangesTable } from './ChangesTable';
import { ConflictDialog } from './ConflictDialog';
import type { ReviewedEdit } from './useReviewedEdit';

/** Old beside new before an update is stored; or what somebody else has changed meanwhile, with the choice. */
export function ReviewDialog<C extends object>({ edit }: { edit: ReviewedEdit<C> }) {
  const { stage } = edit;
  if (stage.kind === 'review') return <Review preview={stage.preview} edit={edit} />;
  return stage.kind === 'conflict' ? <Conflict stage={stage} edit={edit} /> : null;
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
  stage: { theirs: readonly FieldChange[]; change: C };
  edit: ReviewedEdit<C>;
}) {
  const t = useTexts().review;
  const { stage, edit } = props;
  return (
    <ConflictDialog
      theirs={stage.theirs}
      mine={stage.change}
      hint={t.keepMineHint}
      isBusy={edit.isBusy}
      keepMine={() => void edit.keepMine()}
      takeTheirs={edit.takeTheirs}
      onClose={edit.backToEditing}
    />
  );
}
