import { asApiError } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { useTexts } from '@/i18n';
import { type Key, useRevokeKey } from '../queries';

export function RevokeKey({
  service,
  of,
  onClose,
}: {
  service: string;
  of: Key | null;
  onClose: () => void;
}) {
  const t = useTexts().keys;
  const revoke = useRevokeKey(service);
  const close = () => {
    revoke.reset();
    onClose();
  };
  return (
    <ConfirmByName
      isOpen={of !== null}
      name={of?.name ?? ''}
      title={t.revokeTitle(of?.name ?? '')}
      action={t.revoke}
      isBusy={revoke.isPending}
      error={revoke.error === null ? null : asApiError(revoke.error)}
      onConfirm={() => of !== null && revoke.mutate(of, { onSuccess: close })}
      onCancel={close}
    >
      {t.revokeText}
    </ConfirmByName>
  );
}
