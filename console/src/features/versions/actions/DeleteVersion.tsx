import { useNavigate } from '@tanstack/react-router';
import type { Version } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { useTexts } from '@/i18n';
import { useDeleteVersion } from '../queries';

export function DeleteVersion({ version, onClose }: { version: Version; onClose: () => void }) {
  const t = useTexts().versions;
  const navigate = useNavigate();
  const remove = useDeleteVersion(version);
  const confirm = async () => {
    await remove.mutateAsync();
    await navigate({ to: '/services/$service/versions', params: { service: version.service } });
  };
  return (
    <ConfirmByName
      name={version.name}
      title={t.deleteTitle(version.name)}
      action={t.delete}
      confirm={confirm}
      onClose={onClose}
    >
      {t.deleteText}
    </ConfirmByName>
  );
}
