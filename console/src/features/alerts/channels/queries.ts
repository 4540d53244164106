import { queryOptions } from '@tanstack/react-query';
import { api, data, ifMatch, type Schemas, watch } from '@/api';

export type Channel = Schemas['ChannelView'];
export type ChannelKind = Channel['kind'];
export type KindForm = Schemas['ChannelKindForm'];
export type Field = Schemas['ChannelField'];

/** A queue goes up and down without anybody saying so. */
const REFRESH_MS = 5_000;

export const channelsQuery = queryOptions({
  queryKey: ['alerts', 'channels'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/channels', { signal }))).items,
  refetchInterval: REFRESH_MS,
  meta: watch(['channel']),
});

export const kindsQuery = queryOptions({
  queryKey: ['channel kinds'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/channel-kinds', { signal }))).items,
  staleTime: Number.POSITIVE_INFINITY,
});

export const createChannel = (body: Schemas['NewChannel']) => data(api.POST('/api/v1/channels', { body }));
export const readChannel = ({ name }: Channel) =>
  data(api.GET('/api/v1/channels/{channel}', { params: { path: { channel: name } } }));
export const replaceChannel = ({ name, revision }: Channel, body: Schemas['ChannelCommand']) =>
  data(
    api.PUT('/api/v1/channels/{channel}', {
      params: { path: { channel: name }, header: ifMatch(revision) },
      body,
    }),
  );
export const deleteChannel = ({ name }: Channel) =>
  data(api.DELETE('/api/v1/channels/{channel}', { params: { path: { channel: name } } }));
export const testChannel = (name: string) =>
  data(api.POST('/api/v1/channels/{channel}/test', { params: { path: { channel: name } } }));
