import { useEffect, useRef } from 'react';
import type { ApiError } from '@/api';
import { ErrorNotice } from '../../page/ErrorNotice';

/** What no field of a form takes: whoever has sent it from the end of a long one is led to it. */
export function FormNotice({ error }: { error: ApiError | null }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error === null) return;
    place.current?.scrollIntoView({ block: 'nearest' });
    place.current?.focus({ preventScroll: true });
  }, [error]);
  if (error === null) return null;
  return (
    <div ref={place} tabIndex={-1} style={{ outline: 'none', scrollMarginTop: 16 }}>
      <ErrorNotice error={error} />
    </div>
  );
}
