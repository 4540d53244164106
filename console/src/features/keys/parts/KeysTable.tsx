import { Button, Flex, Table, type TableProps, Tag } from 'antd';
import { EmptyState } from '@/components/page/EmptyState';
import { ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { type Texts, useTexts } from '@/i18n';
import type { Key } from '../queries';

export interface KeyActions {
  readonly rotate: (key: Key) => void;
  readonly revoke: (key: Key) => void;
}

export function KeysTable({
  keys,
  actions,
}: {
  keys: readonly Key[] | undefined;
  actions: KeyActions | null;
}) {
  const texts = useTexts();
  return (
    <Table<Key>
      size="small"
      rowKey="id"
      loading={keys === undefined}
      dataSource={keys ? [...keys] : []}
      columns={columnsOf(texts, actions)}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: <EmptyState title={texts.keys.emptyTitle} hint={texts.keys.emptyHint} /> }}
    />
  );
}

function columnsOf(texts: Texts, actions: KeyActions | null): NonNullable<TableProps<Key>['columns']> {
  const { keys: t, common } = texts;
  return [
    { title: t.name, dataIndex: 'name' },
    { title: common.status, render: (_, key) => <KeyState of={key} /> },
    { title: t.prefix, render: (_, key) => <code>{`psk_${key.prefix}…`}</code> },
    {
      title: t.scopes,
      render: (_, key) => key.scopes.map((scope) => <Tag key={scope}>{t.scopeShort[scope]}</Tag>),
    },
    {
      title: t.lastUsed,
      render: (_, key) => (key.last_used_at ? <Timestamp at={key.last_used_at} /> : t.neverUsed),
    },
    {
      title: t.expires,
      render: (_, key) => (key.expires_at ? <Timestamp at={key.expires_at} exact /> : t.never),
    },
    { title: common.creator, dataIndex: 'creator' },
    { title: common.created, render: (_, key) => <Timestamp at={key.created_at} /> },
    ...(actions === null
      ? []
      : [
          {
            title: common.actions,
            fixed: 'right' as const,
            render: (_: unknown, key: Key) => <RowActions of={key} {...actions} />,
          },
        ]),
  ];
}

function KeyState({ of }: { of: Key }) {
  const t = useTexts().keys;
  return <ToneTag tone={of.expired ? 'idle' : 'ok'}>{of.expired ? t.expired : t.valid}</ToneTag>;
}

function RowActions({ of, rotate, revoke }: { of: Key } & KeyActions) {
  const t = useTexts().keys;
  return (
    <Flex gap="small">
      <Button size="small" aria-label={t.rotateTitle(of.name)} onClick={() => rotate(of)}>
        {t.rotate}
      </Button>
      <Button size="small" danger aria-label={t.revokeTitle(of.name)} onClick={() => revoke(of)}>
        {t.revoke}
      </Button>
    </Flex>
  );
}
