import { Alert, Flex } from 'antd';
import type { Schemas } from '@/api';
import { TestDialog } from '@/components/list/TestDialog';
import { useFormats, useTexts } from '@/i18n';
import { testDestination } from '../queries';
import { Writing } from './State';

/** Tests a destination once, as it is opened, and says what was found. */
export function DestinationTest({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useTexts().destinations;
  return (
    <TestDialog
      title={t.testing(name)}
      hint={t.testHint}
      again={t.test}
      of={['destination', name]}
      test={() => testDestination(name)}
      onClose={onClose}
    >
      {(found) => <Found of={found} />}
    </TestDialog>
  );
}

function Found({ of }: { of: Schemas['DestinationTest'] }) {
  const t = useTexts().destinations;
  const took = useFormats().milliseconds(of.duration_ms ?? 0);
  return (
    <Flex vertical gap="small">
      <Alert
        type={of.ok ? 'success' : 'error'}
        showIcon
        role="status"
        title={of.ok ? t.testOk(took) : t.testFailed(took)}
        description={of.message}
      />
      {of.warning && <Alert type="warning" showIcon title={of.warning} />}
      <div>
        {t.writing}: <Writing of={of} />
      </div>
    </Flex>
  );
}
