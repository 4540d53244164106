import { Alert } from 'antd';
import type { Schemas } from '@/api';
import { TestDialog } from '@/components/list/TestDialog';
import { useFormats, useTexts } from '@/i18n';
import { testChannel } from './queries';

/** Sends a test message as it is opened, and shows what the receiver answered. */
export function ChannelTest({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useTexts().alerts;
  return (
    <TestDialog
      title={t.testing(name)}
      hint={t.testHint}
      again={t.sendAgain}
      of={['channel', name]}
      test={() => testChannel(name)}
      onClose={onClose}
    >
      {(found) => <Answer of={found} />}
    </TestDialog>
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
