import { DeleteOutlined } from '@ant-design/icons';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Button, Flex } from 'antd';
import { useState } from 'react';
import { serviceQuery, useMay } from '@/api';
import { ListCard } from '@/components/page/ListCard';
import { text, useSearchState } from '@/components/page/useSearchState';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { ErasureStatus } from './ErasureStatus';
import { OrderErasure } from './OrderErasure';
import { type Erasure, erasuresQuery } from './queries';
import { Receipt } from './Receipt';

const PARAMS = { erasure: text() };

/** Orders to remove rows, the newest first; one's receipt beside it. */
export function Erasures({ service }: { service: string }) {
  const { erasures: t, common } = useTexts();
  const formats = useFormats();
  const { data: shown } = useQuery(serviceQuery(service));
  const mayErase = useMay()('admin', shown?.project ?? '');
  const query = useInfiniteQuery(erasuresQuery(service));
  const [{ erasure }, setSearch] = useSearchState(PARAMS);
  const [isOrdering, setOrdering] = useState(false);
  const open = (id: string) => setSearch({ erasure: id }, { push: true });
  return (
    <Flex vertical gap="small">
      <ListCard<Erasure>
        texts={t}
        query={{ ...query, data: query.data?.pages.flatMap((page) => page.items) }}
        rowKey={({ id }) => id}
        actions={
          mayErase && (
            <Button danger icon={<DeleteOutlined />} onClick={() => setOrdering(true)}>
              {t.order}
            </Button>
          )
        }
        rowActions={(one) => (
          <Button size="small" onClick={() => open(one.id)}>
            {t.open}
          </Button>
        )}
        columns={[
          { title: t.ordered, key: 'at', render: (_, one) => <Timestamp at={one.ordered_at} exact /> },
          { title: common.status, key: 'status', render: (_, one) => <ErasureStatus of={one} /> },
          {
            title: t.what,
            key: 'by',
            render: (_, one) =>
              one.by === 'column' ? t.whatColumn(one.column ?? '') : byText(one.by, t.bys),
          },
          {
            title: t.subjects,
            key: 'subjects',
            align: 'right',
            render: (_, one) => formats.number(one.subjects),
          },
          { title: t.finalBy, key: 'final', render: (_, one) => <Timestamp at={one.final_by} exact /> },
          { title: common.creator, dataIndex: 'creator' },
        ]}
      />
      {query.hasNextPage && (
        <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
          {common.loadMore}
        </Button>
      )}
      {isOrdering && (
        <OrderErasure service={service} onClose={() => setOrdering(false)} onOrdered={({ id }) => open(id)} />
      )}
      {erasure !== '' && (
        <Receipt service={service} erasure={erasure} onClose={() => setSearch({ erasure: '' })} />
      )}
    </Flex>
  );
}

function byText(by: string, texts: Record<string, string>): string {
  return texts[by] ?? by;
}
