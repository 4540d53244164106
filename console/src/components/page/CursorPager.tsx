import { LeftOutlined, RightOutlined, VerticalRightOutlined } from '@ant-design/icons';
import { Button, Flex } from 'antd';
import { useEffect, useRef } from 'react';
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
  const back = useRef<HTMLButtonElement>(null);
  const on = useRef<HTMLButtonElement>(null);
  const isPressed = useRef(false);
  useEffect(() => {
    // A button that has nowhere to go any more loses the focus: it goes to the other one, not to the page's beginning.
    const at = document.activeElement;
    const isLost = at === document.body || (at instanceof HTMLButtonElement && at.disabled);
    if (!isPressed.current || !isLost) return;
    const other = cursor === '' ? on.current : next === null ? back.current : null;
    other?.focus();
  }, [cursor, next]);
  if (cursor === '') before.current = [];
  if (cursor === '' && !next) return null;
  const forward = () => {
    before.current.push(cursor);
    isPressed.current = true;
    onChange(next ?? '');
  };
  const backTo = (earlier: string) => {
    isPressed.current = true;
    onChange(earlier);
  };
  return (
    <Flex component="nav" aria-label={t.title} justify="end" gap="small" style={{ marginTop: 12 }}>
      <Button icon={<VerticalRightOutlined />} disabled={cursor === ''} onClick={() => backTo('')}>
        {t.first}
      </Button>
      <Button
        ref={back}
        icon={<LeftOutlined />}
        disabled={cursor === ''}
        onClick={() => backTo(before.current.pop() ?? '')}
      >
        {t.previous}
      </Button>
      <Button ref={on} icon={<RightOutlined />} iconPlacement="end" disabled={!next} onClick={forward}>
        {t.next}
      </Button>
    </Flex>
  );
}
