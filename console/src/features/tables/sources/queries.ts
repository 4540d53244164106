import { queryOptions } from '@tanstack/react-query';
import { api, data, ifMatch, type Schemas, useWrite, watch } from '@/api';

export type Source = Schemas['LabelSourceView'];
export type NewSource = Schemas['NewLabelSource'];
export type Definition = Schemas['LabelSourceDefinition'];
export type Run = Schemas['LabelRun'];

const REFRESH_MS = 5_000;
const SHOWN_RUNS = 20;
const ONE = '/api/v1/services/{service}/label-sources/{source}';
const at = ({ service, name }: Source) => ({ path: { service, source: name } });

export const sourcesQuery = (service: string) =>
  queryOptions({
    queryKey: ['labels', service, 'sources'],
    queryFn: async ({ signal }) => {
      const params = { path: { service } };
      return (await data(api.GET('/api/v1/services/{service}/label-sources', { params, signal }))).items;
    },
    refetchInterval: REFRESH_MS,
    meta: watch(['label_source'], service),
  });

export const runsQuery = (source: Source) =>
  queryOptions({
    queryKey: ['labels', source.service, 'runs', source.name],
    queryFn: async ({ signal }) => {
      const params = { ...at(source), query: { limit: SHOWN_RUNS } };
      return (await data(api.GET(`${ONE}/runs`, { params, signal }))).items;
    },
    refetchInterval: REFRESH_MS,
  });

export const useSourceWrite = <T, R>(write: (values: T) => Promise<R>) => useWrite('labels', write);

export const createSource = (service: string, body: NewSource) =>
  data(api.POST('/api/v1/services/{service}/label-sources', { params: { path: { service } }, body }));
export const readSource = (source: Source) => data(api.GET(ONE, { params: at(source) }));
export const replaceSource = (source: Source, body: Definition) =>
  data(api.PUT(ONE, { params: { ...at(source), header: ifMatch(source.revision) }, body }));
export const deleteSource = (source: Source) => data(api.DELETE(ONE, { params: at(source) }));
export const runSource = (source: Source) => data(api.POST(`${ONE}/run`, { params: at(source) }));
