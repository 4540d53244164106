import { useQuery } from '@tanstack/react-query';
import { Alert, Flex, Modal, Spin } from 'antd';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useFormats, useTexts } from '@/i18n';
import { testDestination } from '../queries';
import { Writing } from './State';

/** Tests a destination once, as it is opened, and says what was found. */
export function TestDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { destinations: t, common } = useTexts();
  const formats = useFormats();
  const test = useQuery({
    queryKey: ['destination test', name],
    queryFn: () => testDestination(name),
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  const found = test.isFetching ? undefined : test.data;
  const took = formats.milliseconds(found?.duration_ms ?? 0);
  return (
    <Modal
      open
      title={t.testing(name)}
      okText={t.test}
      cancelText={common.close}
      okButtonProps={{ loading: test.isFetching }}
      onOk={() => void test.refetch()}
      onCancel={onClose}
    >
      <p>{t.testHint}</p>
      {test.isFetching && <Spin />}
      {!test.isFetching && test.error && <ErrorNotice error={asApiError(test.error)} />}
      {found && (
        <Flex vertical gap="small">
          <Alert
            type={found.ok ? 'success' : 'error'}
            showIcon
            role="status"
            title={found.ok ? t.testOk(took) : t.testFailed(took)}
            description={found.message}
          />
          {found.warning && <Alert type="warning" showIcon title={found.warning} />}
          <div>
            {t.writing}: <Writing of={found} />
          </div>
        </Flex>
      )}
    </Modal>
  );
}
