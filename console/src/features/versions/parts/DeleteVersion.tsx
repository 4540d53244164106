import { useNavigate } from '@tanstack/react-router';
import { asApiError, type Version } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { useTexts } from '@/i18n';
import { useDeleteVersion } from '../queries';

export function DeleteVersion(props: { version: Version; isOpen: boolean; onClose: () => void }) {
  const t = useTexts().versions;
  const { version } = props;
  const navigate = useNavigate();
  const remove = useDeleteVersion(version);
  const close = () => {
    remove.reset();
    props.onClose();
  };
  const leave = () => navigate({ to: '/services/$service/versions', params: { service: version.service } });
  return (
    <ConfirmByName
      isOpen={props.isOpen}
      name={version.name}
      title={t.deleteTitle(version.name)}
      action={t.delete}
      isBusy={remove.isPending}
      error={remove.error === null ? null : asApiError(remove.error)}
      onConfirm={() => remove.mutate(undefined, { onSuccess: () => void leave() })}
      onCancel={close}
    >
      {t.deleteText}
    </ConfirmByName>
  );
}
