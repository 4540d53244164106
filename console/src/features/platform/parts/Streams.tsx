import { Progress } from 'antd';
import { ListCard } from '@/components/page/ListCard';
import { useFormats, useTexts } from '@/i18n';
import type { Stream } from '../queries';
import { usePart } from '../usePart';

/** How full the streams are. */
export function Streams() {
  const t = useTexts().platform.streams;
  const common = useTexts().common;
  const formats = useFormats();
  return (
    <ListCard<Stream>
      texts={t}
      query={usePart((platform) => platform.streams)}
      rowKey={(stream) => stream.name}
      columns={[
        { title: common.name, dataIndex: 'name' },
        {
          title: t.messages,
          dataIndex: 'messages',
          align: 'right',
          render: (value: number) => formats.number(value),
        },
        {
          title: t.bytes,
          dataIndex: 'bytes',
          align: 'right',
          render: (value: number) => formats.bytes(value),
        },
        {
          title: t.limit,
          dataIndex: 'max_bytes',
          align: 'right',
          render: (value: number | null) => (value === null ? '–' : formats.bytes(value)),
        },
        {
          title: t.fill,
          key: 'fill',
          render: (_, stream) => <Fill name={stream.name} share={stream.fill} />,
        },
      ]}
    />
  );
}

function Fill({ name, share }: { name: string; share: number | null }) {
  const t = useTexts().platform.streams;
  const formats = useFormats();
  if (share === null) return <>–</>;
  return (
    <Progress
      aria-label={`${name}: ${t.fill}`}
      percent={Math.round(share * 1000) / 10}
      format={() => formats.percent(share)}
      size="small"
      style={{ width: 160 }}
    />
  );
}
