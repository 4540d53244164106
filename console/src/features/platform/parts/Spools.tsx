import { ListCard } from '@/components/page/ListCard';
import { useFormats, useTexts } from '@/i18n';
import type { Spool } from '../queries';
import { usePart } from '../usePart';

/** What waits on the routers' disks. */
export function Spools() {
  const t = useTexts().platform.spool;
  const formats = useFormats();
  const bytes = (value: number | null) => (value === null ? '–' : formats.bytes(value));
  return (
    <ListCard<Spool>
      texts={t}
      query={usePart((platform) => platform.spool)}
      rowKey={(spool) => spool.router}
      columns={[
        { title: t.router, dataIndex: 'router' },
        { title: t.bytes, dataIndex: 'bytes', align: 'right', render: bytes },
        { title: t.limit, dataIndex: 'max_bytes', align: 'right', render: bytes },
        {
          title: t.oldest,
          dataIndex: 'oldest_age_s',
          align: 'right',
          render: (age: number | null) => (age === null ? '–' : formats.duration(age)),
        },
      ]}
    />
  );
}
