import { Link } from '@tanstack/react-router';
import { ListCard } from '@/components/page/ListCard';
import { Muted } from '@/components/text/Muted';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import type { AlertDetail, Delivery } from '../queries';

const TONES: Record<Delivery['state'], Tone> = {
  waiting: 'busy',
  sent: 'ok',
  rejected: 'bad',
  expired: 'bad',
  dropped: 'idle',
};

/** Whom it was told, why, and what the receiver answered. */
export function Deliveries({ alert }: { alert: AlertDetail }) {
  const t = useTexts().alerts;
  const deliveries = alert.deliveries ?? [];
  return (
    <ListCard<Delivery>
      texts={{ title: t.deliveries, empty: t.noDeliveries, emptyHint: t.noDeliveriesHint }}
      query={{ data: deliveries, error: null, isPending: false, refetch: () => undefined }}
      rowKey={({ id }) => id}
      actions={
        <Link to="/alerts" search={{ tab: 'channels' }}>
          {t.parts.channels}
        </Link>
      }
      columns={[
        { title: t.channel, key: 'channel', render: (_, of) => <To of={of} /> },
        {
          title: t.state,
          key: 'state',
          render: (_, of) => <ToneTag tone={TONES[of.state]}>{t.deliveryStates[of.state]}</ToneTag>,
        },
        {
          title: t.answer,
          key: 'answer',
          render: (_, of) => (
            <div style={{ minWidth: 120, maxWidth: 220, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
              {of.outcome ?? '–'}
            </div>
          ),
        },
        { title: t.at, key: 'at', render: (_, of) => <When of={of} /> },
      ]}
    />
  );
}

function When({ of }: { of: Delivery }) {
  const t = useTexts().alerts;
  return (
    <>
      <Timestamp at={of.ended_at ?? of.created_at} />
      {of.attempts > 1 && <Muted isLine>{t.attempts(of.attempts)}</Muted>}
    </>
  );
}

function To({ of }: { of: Delivery }) {
  const t = useTexts().alerts;
  return (
    <>
      {of.channel}
      <Muted isLine>{t.reasons[of.reason]}</Muted>
    </>
  );
}
