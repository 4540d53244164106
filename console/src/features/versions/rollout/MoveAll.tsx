import { RollbackOutlined } from '@ant-design/icons';
import { App, Button, Flex } from 'antd';
import { useState } from 'react';
import { asApiError, type Service, type Version } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { setSplit, useChanged } from '../queries';
import { allTo } from '../split/split';

export function MoveAll({ service, versions }: { service: Service; versions: readonly Version[] }) {
  const t = useTexts().versions;
  const { message, modal } = App.useApp();
  const changed = useChanged(service.name);
  const [busy, setBusy] = useState<string | null>(null);
  const names = versions.map((version) => version.name);
  const [oldest, newest] = [names[0] ?? '', names.at(-1) ?? ''];
  const move = async (name: string) => {
    setBusy(name);
    try {
      // Without a revision: whatever somebody else has set meanwhile, this is what is to be now.
      await setSplit(service.name, { weights: allTo(name, names), fallback: service.fallback }, null);
      await changed();
      void message.success(t.moved(name));
    } catch (thrown) {
      modal.error({ title: t.rollout, content: <ErrorNotice error={asApiError(thrown)} />, icon: null });
    } finally {
      setBusy(null);
    }
  };
  const has = (name: string) => versions.find((version) => version.name === name)?.traffic_weight === 100;
  return (
    <Flex gap="small" wrap>
      <Button
        danger
        icon={<RollbackOutlined />}
        disabled={has(oldest)}
        loading={busy === oldest}
        onClick={() => void move(oldest)}
      >
        {t.backTo(oldest)}
      </Button>
      <Button disabled={has(newest)} loading={busy === newest} onClick={() => void move(newest)}>
        {t.finish(newest)}
      </Button>
    </Flex>
  );
}
