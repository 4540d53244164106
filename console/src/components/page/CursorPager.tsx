import { LeftOutlined, RightOutlined, VerticalRightOutlined } from '@ant-design/icons';
import { Button, Flex } from 'antd';
import { useRef } from 'react';
import { useTexts } from '@/i18n';

/** Steps through a list that is read by cursors; `''` is the first page. Shows nothing where all is on one page. */
export function CursorPager(props: {
  cursor: string;
  next: string | null | undefined;
  onChange: (cursor: string) => void;
}) {
  const t = useTexts().components.pager;
  const { cursor, next, onChange } = props;
  const before = useRef<string[]>([]);
  if (cursor === '') before.current = [];
  if (cursor === '' && !next) return null;
  const forward = () => {
    before.current.push(cursor);
    onChange(next ?? '');
  };
  return (
    <Flex component="nav" aria-label={t.title} justify="end" gap="small" style={{ marginTop: 12 }}>
      <Button icon={<VerticalRightOutlined />} disabled={cursor === ''} onClick={() => onChange('')}>
        {t.first}
      </Button>
      <Button
        icon={<LeftOutlined />}
        disabled={cursor === ''}
        onClick={() => onChange(before.current.pop() ?? '')}
      >
        {t.previous}
      </Button>
      <Button icon={<RightOutlined />} iconPlacement="end" disabled={!next} onClick={forward}>
        {t.next}
      </Button>
    </Flex>
  );
}
