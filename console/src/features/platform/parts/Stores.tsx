import { ListCard } from '@/components/page/ListCard';
import { useFormats, useTexts } from '@/i18n';
import type { Store } from '../queries';
import { usePart } from '../usePart';

/** The databases. */
export function Stores() {
  const t = useTexts().platform.stores;
  const formats = useFormats();
  return (
    <ListCard<Store>
      texts={t}
      query={usePart((platform) => platform.stores)}
      rowKey={(store) => `${store.service} ${store.kind}`}
      columns={[
        { title: t.service, dataIndex: 'service' },
        { title: t.kind, dataIndex: 'kind' },
        {
          title: t.bytes,
          dataIndex: 'bytes',
          align: 'right',
          render: (value: number | null) => (value === null ? '–' : formats.bytes(value)),
        },
      ]}
    />
  );
}
