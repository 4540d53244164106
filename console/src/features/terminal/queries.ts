import { queryOptions } from '@tanstack/react-query';
import { api, BASE, data, watch } from '@/api';
import type { Size } from './frames';

export interface PodPath {
  readonly service: string;
  readonly version: string;
  readonly pod: string;
}

/** Whether this pod has a terminal for the user, and why not. */
export const offerQuery = (path: PodPath) =>
  queryOptions({
    queryKey: ['terminal', path.service, path.version, path.pod],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/services/{service}/versions/{version}/pods/{pod}/terminal', {
          params: { path },
          signal,
        }),
      ),
    meta: watch(['pods'], path.service),
  });

export const createTicket = (path: PodPath, size: Size) =>
  data(
    api.POST('/api/v1/services/{service}/versions/{version}/pods/{pod}/exec-tickets', {
      params: { path },
      body: { ...size, tty: true, command: [] },
    }),
  );

export function socketUrl({ service, version, pod }: PodPath): string {
  const path = [service, 'versions', version, 'pods', pod, 'exec'].map(encodeURIComponent).join('/');
  return `${BASE.replace(/^http/, 'ws')}/api/v1/services/${path}`;
}
