import { ConfirmByName } from '@/components/form/ConfirmByName';
import { useTexts } from '@/i18n';
import { type Key, useRevokeKey } from '../queries';

export function RevokeKey({ service, of, onClose }: { service: string; of: Key; onClose: () => void }) {
  const t = useTexts().keys;
  const revoke = useRevokeKey(service);
  return (
    <ConfirmByName
      name={of.name}
      title={t.revokeTitle(of.name)}
      action={t.revoke}
      confirm={() => revoke.mutateAsync(of)}
      onClose={onClose}
    >
      {t.revokeText}
    </ConfirmByName>
  );
}
