import { App, Button } from 'antd';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { type Pod, useRestartPod } from '../queries';

export function RestartPod({ pod }: { pod: Pod }) {
  const t = useTexts().versions;
  const { modal, message } = App.useApp();
  const restart = useRestartPod();
  const run = async () => {
    try {
      await restart.mutateAsync(pod);
      void message.success(t.restarting(pod.name));
    } catch (thrown) {
      modal.error({ title: t.restartPod, content: <ErrorNotice error={asApiError(thrown)} />, icon: null });
    }
  };
  return (
    <Button
      size="small"
      loading={restart.isPending}
      aria-label={t.restartPodTitle(pod.name)}
      onClick={() =>
        modal.confirm({
          title: t.restartPodTitle(pod.name),
          content: t.restartPodText,
          okText: t.restartPod,
          onOk: run,
        })
      }
    >
      {t.restartPod}
    </Button>
  );
}
