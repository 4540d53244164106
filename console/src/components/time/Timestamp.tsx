import { Tooltip } from 'antd';
import { useEffect, useState } from 'react';
import { useFormats } from '@/i18n';

/** A moment: relative to now or exact, the other on hover. What is none is a dash. */
export function Timestamp({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
  const formats = useFormats();
  const now = useNow(exact ? null : 30_000);
  if (!at || Number.isNaN(Date.parse(at))) return <>–</>;
  const [shown, hint] = [formats.dateTime(at), formats.relative(at, now)];
  return (
    <Tooltip title={exact ? hint : shown}>
      <time dateTime={at} style={{ whiteSpace: 'nowrap' }}>
        {exact ? shown : hint}
      </time>
    </Tooltip>
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
