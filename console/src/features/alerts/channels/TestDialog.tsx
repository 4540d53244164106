import { useQuery } from '@tanstack/react-query';
import { Alert, Modal, Spin } from 'antd';
import { asApiError, type Schemas } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useFormats, useTexts } from '@/i18n';
import { testChannel } from './queries';

/** Sends a test message as it is opened, and shows what the receiver answered. */
export function TestDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { alerts: t, common } = useTexts();
  const test = useQuery({
    queryKey: ['channel test', name],
    queryFn: () => testChannel(name),
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  return (
    <Modal
      open
      title={t.testing(name)}
      okText={t.sendAgain}
      cancelText={common.close}
      okButtonProps={{ loading: test.isFetching }}
      onOk={() => void test.refetch()}
      onCancel={onClose}
    >
      <p>{t.testHint}</p>
      {test.isFetching && <Spin />}
      {!test.isFetching && test.error && <ErrorNotice error={asApiError(test.error)} />}
      {!test.isFetching && test.data && <Answer of={test.data} />}
    </Modal>
  );
}

function Answer({ of }: { of: Schemas['ChannelTest'] }) {
  const t = useTexts().alerts;
  const formats = useFormats();
  const isSent = of.state === 'sent';
  return (
    <Alert
      type={isSent ? 'success' : of.state === 'retry' ? 'warning' : 'error'}
      showIcon
      role="status"
      title={t.testStates[of.state]}
      description={
        <>
          {of.reason && <div>{t.answered(of.reason)}</div>}
          {of.retry_after_s != null && <div>{t.retryAfter(formats.duration(of.retry_after_s))}</div>}
        </>
      }
    />
  );
}
