import type { ErrorComponentProps } from '@tanstack/react-router';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';

/** In place of a page that failed: the rest of the console goes on. */
export function PageError({ error, reset }: ErrorComponentProps) {
  return <ErrorNotice error={asApiError(error)} retry={reset} />;
}
