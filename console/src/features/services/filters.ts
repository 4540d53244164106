import type { paths } from '@/api/schema';
import { oneOf, type SearchValues, text } from '@/components/page/useSearchState';

type Request = NonNullable<paths['/api/v1/services']['get']['parameters']['query']>;

export const STATUSES = [
  'draft',
  'starting',
  'running',
  'updating',
  'degraded',
  'failed',
  'stopping',
  'stopped',
] as const;

export const PAGE_SIZE = 50;

/** What the address holds of this page. */
export const PARAMS = {
  q: text(),
  project: text(),
  type: oneOf(['', 'ml', 'llm'], ''),
  status: oneOf(['', ...STATUSES], ''),
  creator: text(),
  tag: text(),
  sort: oneOf(['-created_at', 'created_at'], '-created_at'),
  cursor: text(),
};

export type Filters = SearchValues<typeof PARAMS>;

/** The query of the request: what is empty is left out. */
export function requestOf(filters: Filters): Request {
  const { q, project, type, status, creator, tag, sort, cursor } = filters;
  return {
    page_size: PAGE_SIZE,
    sort,
    ...(q && { search: q }),
    ...(project && { project }),
    ...(type && { type }),
    ...(status && { status }),
    ...(creator && { creator }),
    ...(tag && { tag }),
    ...(cursor && { cursor }),
  };
}

/** Whether all services are asked for, so that no row means that there is none. */
export function isUnfiltered(filters: Filters): boolean {
  const { q, project, type, status, creator, tag, cursor } = filters;
  return [q, project, type, status, creator, tag, cursor].every((value) => value === '');
}
