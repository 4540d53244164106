import { Card, Flex, Statistic } from 'antd';
import { useFormats, useTexts } from '@/i18n';
import { type AccountPoint, droppedOf } from './account';

/** The sum of a range as the equation that it is. */
export function Balance({ total }: { total: AccountPoint }) {
  const t = useTexts().accounting;
  const formats = useFormats();
  const parts = [
    [t.accepted, total.accepted],
    [t.stored, total.stored],
    [t.dropped, droppedOf(total)],
    [t.onTheWay, total.on_the_way],
    [t.missing, total.missing],
  ] as const;
  return (
    <Card size="small" title={t.balance}>
      <Flex gap="large" wrap align="end">
        {parts.map(([title, value], index) => (
          <Flex key={title} gap="large" align="end">
            {index > 0 && <span style={{ fontSize: 24 }}>{index === 1 ? '=' : '+'}</span>}
            <Statistic title={title} value={formats.number(value)} />
          </Flex>
        ))}
      </Flex>
    </Card>
  );
}
