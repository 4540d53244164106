import { Modal } from 'antd';
import { asApiError, useIsSessionEnded, useSignIn } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { TokenForm } from './TokenForm';

/** Over the page whose session has ended: nothing that was typed is lost. */
export function SessionEnded() {
  const t = useTexts().shell.signIn;
  const isEnded = useIsSessionEnded();
  const signIn = useSignIn();
  return (
    <Modal
      title={t.ended}
      open={isEnded}
      closable={false}
      mask={{ closable: false }}
      keyboard={false}
      footer={null}
      destroyOnHidden
    >
      <p>{t.endedHint}</p>
      {signIn.error !== null && <ErrorNotice error={asApiError(signIn.error)} />}
      <TokenForm isBusy={signIn.isPending} submit={(token) => signIn.mutate({ token })} />
    </Modal>
  );
}
