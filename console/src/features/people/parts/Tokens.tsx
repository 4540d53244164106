import { useQuery } from '@tanstack/react-query';
import { Alert, Button } from 'antd';
import { useState } from 'react';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { ListCard } from '@/components/page/ListCard';
import { CopyText } from '@/components/text/CopyText';
import { ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { type IssuedToken, revokeToken, type Token, tokensQuery, usePeopleWrite } from '../queries';
import { NewTokenForm } from './NewTokenForm';

/** Tokens with which programs act as the user; a new one is shown once. */
export function Tokens() {
  const t = useTexts().people.tokens;
  const common = useTexts().common;
  const query = useQuery(tokensQuery);
  const [isNew, setNew] = useState(false);
  const [issued, setIssued] = useState<IssuedToken | null>(null);
  const [removed, setRemoved] = useState<Token | null>(null);
  const remove = usePeopleWrite(revokeToken);
  return (
    <>
      {issued !== null && <Issued token={issued} onClose={() => setIssued(null)} />}
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
            fixed: 'right',
            render: (_, token) => (
              <Button size="small" danger onClick={() => setRemoved(token)}>
                {t.revoke}
              </Button>
            ),
          },
        ]}
      />
      {isNew && <NewTokenForm onIssued={setIssued} onClose={() => setNew(false)} />}
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

function Issued({ token, onClose }: { token: IssuedToken; onClose: () => void }) {
  const t = useTexts().people.tokens;
  return (
    <Alert
      type="success"
      showIcon
      style={{ marginBottom: 16 }}
      title={t.created}
      description={
        <>
          <p>{t.createdHint}</p>
          <CopyText text={token.token} />
        </>
      }
      closable={{ onClose }}
    />
  );
}
