import { App, Button, Flex, Popconfirm } from 'antd';
import { asApiError } from '@/api';
import { useTexts } from '@/i18n';
import { abortCanary, type Canary, promoteCanary, useCanaryWrite } from './queries';

/** Ends a canary by hand: back to the stable version, or all of the traffic at once. */
export function CanaryActions({ canary }: { canary: Canary }) {
  const { canary: t, common } = useTexts();
  const { message } = App.useApp();
  const abort = useCanaryWrite(abortCanary);
  const promote = useCanaryWrite(promoteCanary);
  const isStarted = canary.phase === 'canary' || canary.phase === 'held';
  const end = (write: typeof abort) =>
    write.mutateAsync(canary).catch((thrown: unknown) => void message.error(asApiError(thrown).message));
  return (
    <Flex gap="small">
      <Popconfirm
        title={t.abortHint(canary.stable ?? '–')}
        okText={t.abort}
        cancelText={common.cancel}
        onConfirm={() => end(abort)}
      >
        <Button danger loading={abort.isPending}>
          {t.abort}
        </Button>
      </Popconfirm>
      {isStarted && (
        <Popconfirm
          title={t.promoteHint(canary.version)}
          okText={t.promote}
          cancelText={common.cancel}
          onConfirm={() => end(promote)}
        >
          <Button loading={promote.isPending}>{t.promote}</Button>
        </Popconfirm>
      )}
    </Flex>
  );
}
