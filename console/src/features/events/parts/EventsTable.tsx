import { Link } from '@tanstack/react-router';
import { Button, Table, type TableProps } from 'antd';
import { EmptyState } from '@/components/page/EmptyState';
import { knownReason } from '@/components/reason/reasons';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { type Texts, useTexts } from '@/i18n';
import type { Event, Level } from '../queries';

const TONES: Record<Level, Tone> = { info: 'idle', warning: 'warning', error: 'bad' };

export function EventsTable(props: {
  service: string;
  events: readonly Event[] | undefined;
  isFiltered: boolean;
  onClear: () => void;
}) {
  const texts = useTexts();
  const t = texts.events;
  return (
    <Table<Event>
      size="small"
      rowKey={keyOf}
      loading={props.events === undefined}
      dataSource={props.events ? [...props.events] : []}
      columns={columnsOf(texts, props.service)}
      pagination={{ defaultPageSize: 50, hideOnSinglePage: true, pageSizeOptions: [50, 200] }}
      scroll={{ x: 1100 }}
      locale={{
        emptyText: props.isFiltered ? (
          <EmptyState title={t.emptyFiltered}>
            <Button onClick={props.onClear}>{t.clearFilters}</Button>
          </EmptyState>
        ) : (
          <EmptyState title={t.emptyTitle} hint={t.emptyHint} />
        ),
      }}
    />
  );
}

const keyOf = (event: Event) =>
  `${event.resource_kind} ${event.resource_name} ${event.reason} ${event.message} ${event.first_seen}`;

function columnsOf(texts: Texts, service: string): NonNullable<TableProps<Event>['columns']> {
  const t = texts.events;
  return [
    { title: t.lastSeen, width: 120, render: (_, event) => <Timestamp at={event.last_seen} /> },
    {
      title: t.level,
      width: 90,
      render: (_, event) => <ToneTag tone={TONES[event.level]}>{t.levels[event.level]}</ToneTag>,
    },
    { title: t.kind, width: 80, render: (_, event) => t.kinds[event.resource_kind] },
    { title: texts.common.name, width: 170, render: (_, event) => <Resource service={service} of={event} /> },
    { title: t.reason, width: 150, dataIndex: 'reason' },
    { title: t.message, render: (_, event) => <Message of={event} /> },
    { title: t.count, width: 70, align: 'right', dataIndex: 'count' },
    { title: t.firstSeen, width: 120, render: (_, event) => <Timestamp at={event.first_seen} /> },
  ];
}

function Resource({ service, of }: { service: string; of: Event }) {
  const version = of.version;
  if (!version) return <>{of.resource_name}</>;
  const search = of.resource_kind === 'pod' ? { pod: of.resource_name } : {};
  return (
    <Link to="/services/$service/versions/$version" params={{ service, version }} search={search}>
      {of.resource_name}
    </Link>
  );
}

/** The platform's words; below them, of what is no mere information, what to do about it. */
function Message({ of }: { of: Event }) {
  const texts = useTexts();
  const known = of.level === 'info' ? undefined : knownReason(texts.reasons, reasonOf(of));
  return (
    <div style={{ overflowWrap: 'anywhere' }}>
      <div>{of.message}</div>
      {known !== undefined && known.next !== '' && (
        <div style={{ opacity: 0.75 }}>
          <b>{texts.events.next}</b> {known.next}
        </div>
      )}
    </div>
  );
}

/** `Failed` and the like are only what became of it: the cause stands before the colon of the message. */
function reasonOf(event: Event): string {
  const named = /^(?:.*; )?([A-Z][A-Za-z]+): /.exec(event.message)?.[1];
  return event.reason === 'Failed' || event.reason === 'NotReady' ? (named ?? event.message) : event.reason;
}
