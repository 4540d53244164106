import { queryOptions } from '@tanstack/react-query';
import { api, data, ifMatch, type Schemas, useWrite, watch } from '@/api';

export type Destination = Schemas['DestinationView'];
export type NewDestination = Schemas['NewDestination'];
export type Definition = Schemas['DestinationDefinition'];

const REFRESH_MS = 5_000;

export const destinationsQuery = queryOptions({
  queryKey: ['destinations', 'list'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/destinations', { signal }))).items,
  refetchInterval: REFRESH_MS,
  meta: watch(['destination']),
});

export const useDestinationWrite = <T, R>(write: (values: T) => Promise<R>) =>
  useWrite('destinations', write);

export const createDestination = (body: NewDestination) => data(api.POST('/api/v1/destinations', { body }));

/** A destination as it is now. */
export const readDestination = ({ name }: Destination) =>
  data(api.GET('/api/v1/destinations/{destination}', { params: { path: { destination: name } } }));

/** Defines it anew, unless somebody else has since it was read. */
export const replaceDestination = ({ name, revision }: Destination, body: Definition) =>
  data(
    api.PUT('/api/v1/destinations/{destination}', {
      params: { path: { destination: name }, header: ifMatch(revision) },
      body,
    }),
  );
export const deleteDestination = ({ name }: Destination) =>
  data(api.DELETE('/api/v1/destinations/{destination}', { params: { path: { destination: name } } }));
export const testDestination = (name: string) =>
  data(api.POST('/api/v1/destinations/{destination}/test', { params: { path: { destination: name } } }));
