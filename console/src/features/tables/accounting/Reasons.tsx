import { ListCard } from '@/components/page/ListCard';
import { Muted } from '@/components/text/Muted';
import { useFormats, useTexts } from '@/i18n';
import { type AccountPoint, reasonsOf } from './account';

/** Why requests have no row, each reason in a sentence. */
export function Reasons({ total }: { total: AccountPoint }) {
  const t = useTexts().accounting;
  const formats = useFormats();
  return (
    <ListCard<{ reason: string; count: number }>
      texts={{ title: t.droppedTitle, empty: t.empty, emptyHint: t.emptyHint }}
      query={{ data: reasonsOf(total), error: null, isPending: false, refetch: () => null }}
      rowKey={({ reason }) => reason}
      columns={[
        {
          title: t.reason,
          key: 'reason',
          render: (_, { reason }) => (
            <>
              <code>{reason}</code> <Muted>{t.reasons[reason]}</Muted>
            </>
          ),
        },
        { title: t.requests, key: 'count', align: 'right', render: (_, { count }) => formats.number(count) },
        {
          title: t.share,
          key: 'share',
          align: 'right',
          render: (_, { count }) => formats.percent(count / Math.max(1, total.accepted)),
        },
      ]}
    />
  );
}
