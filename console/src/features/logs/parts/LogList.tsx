import { VerticalAlignBottomOutlined } from '@ant-design/icons';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Button, theme } from 'antd';
import { useRef } from 'react';
import { useFormats, useTexts } from '@/i18n';
import { keyOf, type Line } from '../queries';
import { useScrollAtEnd } from '../useScrollAtEnd';
import { LogLine } from './LogLine';
import './logs.css';

const LINE_PX = 20;
const OVERSCAN = 15;

/** Lines, oldest first, of which only those in view are in the page. */
export function LogList(props: {
  service: string;
  lines: readonly Line[];
  words: string;
  isWrapped: boolean;
  /** Key of a line that stands out. */
  marked: string;
  /** Reads older lines; null: there are none, or they are on their way. */
  older: (() => void) | null;
}) {
  const t = useTexts().logs;
  const formats = useFormats();
  const { token } = theme.useToken();
  const { lines, isWrapped, older } = props;
  const holder = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => holder.current,
    estimateSize: () => LINE_PX,
    overscan: OVERSCAN,
    getItemKey: (index) => keyOf(lines[index] as Line),
  });
  const { isAtEnd, missed, toEnd, onScroll } = useScrollAtEnd(holder, virtualizer, lines, older);
  return (
    <div style={{ position: 'relative' }}>
      <div
        ref={holder}
        className={isWrapped ? 'log-list log-list-wrapped' : 'log-list'}
        style={{ borderColor: token.colorBorderSecondary, background: token.colorBgContainer }}
        onScroll={onScroll}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={t.lines}
      >
        <div className="log-lines" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => (
            <LogLine
              key={item.key}
              service={props.service}
              line={lines[item.index] as Line}
              words={props.words}
              isMarked={props.marked !== '' && item.key === props.marked}
              index={item.index}
              top={item.start}
              measure={isWrapped ? virtualizer.measureElement : null}
            />
          ))}
        </div>
      </div>
      {!isAtEnd && (
        <Button className="log-to-end" type="primary" icon={<VerticalAlignBottomOutlined />} onClick={toEnd}>
          {missed > 0 ? t.newLines(formats.number(missed)) : t.toEnd}
        </Button>
      )}
    </div>
  );
}
