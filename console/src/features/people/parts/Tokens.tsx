import { useQuery } from '@tanstack/react-query';
import { Alert, Button, DatePicker, Form, Input } from 'antd';
import type { Dayjs } from 'dayjs';
import { useState } from 'react';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { FormModal } from '@/components/form/FormModal';
import { ListCard } from '@/components/page/ListCard';
import { CopyText } from '@/components/text/CopyText';
import { ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import {
  createToken,
  type IssuedToken,
  revokeToken,
  type Token,
  tokensQuery,
  usePeopleWrite,
} from '../queries';

/** Tokens with which programs act as the user; a new one is shown once. */
export function Tokens() {
  const t = useTexts().people.tokens;
  const common = useTexts().common;
  const query = useQuery(tokensQuery);
  const [isNew, setNew] = useState(false);
  const [issued, setIssued] = useState<IssuedToken | null>(null);
  const [removed, setRemoved] = useState<Token | null>(null);
  const remove = usePeopleWrite(revokeToken);
  const write = usePeopleWrite((values: { name: string; expires_at?: Dayjs | null }) =>
    createToken(
      values.expires_at
        ? { name: values.name, expires_at: values.expires_at.toISOString() }
        : { name: values.name },
    ),
  );
  return (
    <>
      {issued !== null && (
        <Alert
          type="success"
          showIcon
          style={{ marginBottom: 16 }}
          title={t.created}
          description={
            <>
              <p>{t.createdHint}</p>
              <CopyText text={issued.token} />
            </>
          }
          closable={{ onClose: () => setIssued(null) }}
        />
      )}
      <ListCard<Token>
        texts={t}
        query={query}
        rowKey={(token) => token.id}
        actions={<Button onClick={() => setNew(true)}>{t.create}</Button>}
        columns={[
          { title: common.name, dataIndex: 'name' },
          {
            title: common.created,
            key: 'created',
            render: (_, token) => <Timestamp at={token.created_at} />,
          },
          {
            title: t.expires,
            key: 'expires',
            render: (_, token) =>
              token.expired ? (
                <ToneTag tone="bad">{t.expired}</ToneTag>
              ) : token.expires_at === null ? (
                t.never
              ) : (
                <Timestamp at={token.expires_at} />
              ),
          },
          {
            title: common.actions,
            key: 'actions',
            render: (_, token) => (
              <Button size="small" danger onClick={() => setRemoved(token)}>
                {t.revoke}
              </Button>
            ),
          },
        ]}
      />
      {isNew && (
        <FormModal<{ name: string; expires_at?: Dayjs | null }>
          title={t.create}
          action={common.create}
          submit={async (values) => setIssued(await write.mutateAsync(values))}
          onClose={() => setNew(false)}
        >
          <Form.Item name="name" label={common.name} rules={[{ required: true }]}>
            <Input autoFocus />
          </Form.Item>
          <Form.Item name="expires_at" label={t.expires}>
            <DatePicker showTime style={{ width: '100%' }} />
          </Form.Item>
        </FormModal>
      )}
      {removed !== null && (
        <ConfirmByName
          name={removed.name}
          title={t.remove(removed.name)}
          action={t.revoke}
          confirm={() => remove.mutateAsync(removed.id)}
          onClose={() => setRemoved(null)}
        >
          {t.removeHint}
        </ConfirmByName>
      )}
    </>
  );
}
