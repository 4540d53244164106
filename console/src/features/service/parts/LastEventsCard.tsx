import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Card, Flex } from 'antd';
import { asApiError, lastEventsQuery } from '@/api';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';

const MOST = 6;

const TONES: Record<'info' | 'warning' | 'error', Tone> = { info: 'idle', warning: 'warning', error: 'bad' };

export function LastEventsCard({ service }: { service: string }) {
  const t = useTexts().service;
  const { data: events, error, isPending } = useQuery(lastEventsQuery(service, MOST));
  return (
    <Card
      size="small"
      title={t.lastEvents}
      loading={isPending}
      extra={
        <Link to="/services/$service/events" params={{ service }}>
          {t.allEvents}
        </Link>
      }
    >
      {error && <ErrorNotice error={asApiError(error)} />}
      {events?.length === 0 && <EmptyState title={t.noEvents} />}
      <Flex vertical gap={6}>
        {events?.map((event) => (
          <Flex
            key={`${event.resource_name} ${event.reason} ${event.message}`}
            gap="small"
            align="baseline"
            wrap
          >
            <ToneTag tone={TONES[event.level]}>{event.reason}</ToneTag>
            <code>{event.resource_name}</code>
            <span style={{ flex: 1, minWidth: 160, overflowWrap: 'anywhere' }}>{event.message}</span>
            <Timestamp at={event.last_seen} />
          </Flex>
        ))}
      </Flex>
    </Card>
  );
}
