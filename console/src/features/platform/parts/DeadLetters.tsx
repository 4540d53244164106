import { useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { ListCard } from '@/components/page/ListCard';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { type DeadLetter, lettersQuery, useReplay } from '../queries';

/** Messages that their consumer gave up on; each can be tried again. */
export function DeadLetters() {
  const t = useTexts().platform.letters;
  const common = useTexts().common;
  const query = useQuery(lettersQuery);
  const replay = useReplay();
  return (
    <>
      {replay.error && <ErrorNotice error={asApiError(replay.error)} />}
      <ListCard<DeadLetter>
        texts={t}
        query={query}
        rowKey={(letter) => letter.id}
        columns={[
          { title: t.at, key: 'at', render: (_, letter) => <Timestamp at={letter.at} exact /> },
          { title: t.subject, dataIndex: 'subject' },
          { title: t.consumer, dataIndex: 'consumer' },
          { title: t.reason, dataIndex: 'reason' },
          {
            title: t.body,
            key: 'body',
            render: (_, letter) => (
              <code style={{ overflowWrap: 'anywhere' }}>{letter.body.slice(0, 160)}</code>
            ),
          },
          {
            title: common.actions,
            key: 'actions',
            fixed: 'right',
            render: (_, letter) => (
              <Button size="small" loading={replay.isPending} onClick={() => replay.mutate(letter)}>
                {t.replay}
              </Button>
            ),
          },
        ]}
      />
    </>
  );
}
