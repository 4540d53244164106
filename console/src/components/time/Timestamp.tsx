import { useEffect, useState } from 'react';
import { OnHover } from '@/components/text/OnHover';
import { useFormats } from '@/i18n';

const TIME = { whiteSpace: 'nowrap' } as const;

/** A moment: relative to now or exact, the other on hover. What is none is a dash. */
export function Timestamp({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
  const formats = useFormats();
  const now = useNow(exact ? null : 30_000);
  if (!at || Number.isNaN(Date.parse(at))) return <>–</>;
  // What was read since the last tick would be in the future.
  const [moment, distance] = [
    () => formats.dateTime(at),
    () => formats.relative(at, Math.max(now, Date.now())),
  ];
  return (
    <OnHover hint={exact ? distance : moment}>
      <time dateTime={at} style={TIME}>
        {exact ? moment() : distance()}
      </time>
    </OnHover>
  );
}

/** The current time, again every `interval` ms. */
export function useNow(interval: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (interval === null) return;
    const timer = setInterval(() => setNow(Date.now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return now;
}
