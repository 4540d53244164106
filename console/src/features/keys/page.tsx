import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Alert, Button, Flex, Typography } from 'antd';
import { useState } from 'react';
import { asApiError, serviceQuery, useMay } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTitle } from '@/components/page/useTitle';
import { useTexts } from '@/i18n';
import { CreateKey } from './parts/CreateKey';
import { IssuedKeyDialog } from './parts/IssuedKeyDialog';
import { KeysTable } from './parts/KeysTable';
import { RevokeKey } from './parts/RevokeKey';
import { RotateKey } from './parts/RotateKey';
import { type IssuedKey, type Key, keysQuery } from './queries';

type Open = { kind: 'create' } | { kind: 'rotate' | 'revoke'; key: Key } | null;

export function Page() {
  const t = useTexts().keys;
  const { service } = useParams({ from: '/services/$service/keys' });
  useTitle(`${t.title} · ${service}`);
  const { data: shown } = useQuery(serviceQuery(service));
  const keys = useQuery(keysQuery(service));
  const mayEdit = useMay()('editor', shown?.project ?? '');
  const [open, setOpen] = useState<Open>(null);
  const [issued, setIssued] = useState<IssuedKey | null>(null);
  const close = () => setOpen(null);
  const create = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen({ kind: 'create' })}>
      {t.create}
    </Button>
  );
  return (
    <Flex vertical gap="middle">
      <Flex justify="space-between" align="center" gap="middle" wrap>
        <Typography.Text type="secondary">{t.intro}</Typography.Text>
        {mayEdit && create}
      </Flex>
      {shown?.auth_enabled === false && <Alert type="warning" showIcon title={t.authOff} />}
      {keys.error ? (
        <ErrorNotice error={asApiError(keys.error)} retry={() => void keys.refetch()} />
      ) : (
        <KeysTable
          keys={keys.data}
          actions={
            mayEdit
              ? {
                  rotate: (key) => setOpen({ kind: 'rotate', key }),
                  revoke: (key) => setOpen({ kind: 'revoke', key }),
                }
              : null
          }
        />
      )}
      {open?.kind === 'create' && <CreateKey service={service} onClose={close} onIssued={setIssued} />}
      {open?.kind === 'rotate' && (
        <RotateKey service={service} of={open.key} onClose={close} onIssued={setIssued} />
      )}
      {open?.kind === 'revoke' && <RevokeKey service={service} of={open.key} onClose={close} />}
      {issued && shown && <IssuedKeyDialog service={shown} of={issued} onClose={() => setIssued(null)} />}
    </Flex>
  );
}
