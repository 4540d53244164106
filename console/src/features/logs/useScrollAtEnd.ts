import type { Virtualizer } from '@tanstack/react-virtual';
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';
import { keyOf, type Line } from './queries';

/** Nearer to the end than this, the view goes along with new lines. */
const END_PX = 24;
/** Nearer to the beginning than this, older lines are read. */
const START_PX = 400;

/**
 * Keeps the view at the end while it is there, and at the same line otherwise: new lines below do not move it, older
 * ones above push it down by their height.
 */
export function useScrollAtEnd(
  holder: RefObject<HTMLDivElement | null>,
  virtualizer: Virtualizer<HTMLDivElement, Element>,
  lines: readonly Line[],
  older: (() => void) | null,
) {
  const [isAtEnd, setAtEnd] = useState(true);
  const [seen, setSeen] = useState(lines.length);
  const before = useRef<{ first: string; count: number }>({ first: '', count: 0 });
  const first = lines[0] === undefined ? '' : keyOf(lines[0]);

  useLayoutEffect(() => {
    const { first: wasFirst, count } = before.current;
    before.current = { first, count: lines.length };
    if (isAtEnd) {
      if (lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: 'end' });
      return;
    }
    const isPrepended = first !== wasFirst && lines.length > count;
    if (isPrepended && holder.current !== null) {
      const moved = virtualizer.getOffsetForIndex(lines.length - count, 'start')?.[0] ?? 0;
      holder.current.scrollTop += moved;
      setSeen((known) => known + lines.length - count);
    }
  }, [first, lines.length, isAtEnd, virtualizer, holder]);

  const onScroll = useCallback(() => {
    const element = holder.current;
    if (element === null) return;
    const rest = element.scrollHeight - element.scrollTop - element.clientHeight;
    setAtEnd(rest < END_PX);
    setSeen((known) => (rest < END_PX || known > lines.length ? lines.length : known));
    if (element.scrollTop < START_PX) older?.();
  }, [holder, lines.length, older]);

  const toEnd = useCallback(() => {
    setSeen(lines.length);
    setAtEnd(true);
  }, [lines.length]);

  return { isAtEnd, missed: isAtEnd ? 0 : Math.max(0, lines.length - seen), toEnd, onScroll };
}
