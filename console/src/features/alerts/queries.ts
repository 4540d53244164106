import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, data, ifMatch, readAll, type Schemas, useWrite, watch } from '@/api';

export type Alert = Schemas['AlertEntry'];
export type AlertDetail = Schemas['AlertDetail'];
export type AlertState = Alert['state'];
export type Severity = Alert['severity'];
export type Delivery = Schemas['DeliveryEntry'];
export type Matcher = Schemas['MatcherCommand'];
export type Silence = Schemas['SilenceView'];
export type Maintenance = Schemas['MaintenanceView'];

/** A service's alerts, or those of one state or severity; '' is all. */
export interface AlertFilter {
  readonly state: AlertState | 'all';
  readonly severity: Severity | '';
  readonly service: string;
  /** '' on the first page. */
  readonly cursor: string;
}

const PAGE_SIZE = 50;
/** Deliveries go on without a change of their alert. */
const REFRESH_MS = 5_000;

/** What the API takes. */
export const wanted = ({ state, severity, service }: Omit<AlertFilter, 'cursor'>) => ({
  state: state === 'all' ? null : state,
  severity: severity || null,
  service: service.trim() || null,
});

export const alertsQuery = (filter: AlertFilter) =>
  queryOptions({
    queryKey: ['alerts', 'list', filter],
    queryFn: ({ signal }) => {
      const query = { ...wanted(filter), page_size: PAGE_SIZE, cursor: filter.cursor || null };
      return data(api.GET('/api/v1/alerts', { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    meta: watch(['alert']),
  });

export const alertQuery = (alert: string) =>
  queryOptions({
    queryKey: ['alerts', 'one', alert],
    queryFn: ({ signal }) => data(api.GET('/api/v1/alerts/{alert}', { params: { path: { alert } }, signal })),
    refetchInterval: REFRESH_MS,
    meta: watch(['alert']),
  });

export const silencesQuery = queryOptions({
  queryKey: ['alerts', 'silences'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/silences', { signal }))).items,
  refetchInterval: 30_000,
  meta: watch(['silence']),
});

export const maintenanceQuery = queryOptions({
  queryKey: ['alerts', 'maintenance'],
  queryFn: async ({ signal }) => (await data(api.GET('/api/v1/maintenance-windows', { signal }))).items,
  meta: watch(['maintenance']),
});

/** Names of services to choose from. */
export const serviceNamesQuery = queryOptions({
  queryKey: ['alerts', 'services'],
  queryFn: async ({ signal }) =>
    (await readAll((page) => api.GET('/api/v1/services', { params: { query: page }, signal }))).map(
      ({ name, project }) => ({ name, project }),
    ),
  meta: watch(['service']),
});

export const useAlertWrite = <T, R>(write: (values: T) => Promise<R>) => useWrite('alerts', write);

export const acknowledge = (alert: string, comment: string) =>
  data(api.POST('/api/v1/alerts/{alert}/acknowledge', { params: { path: { alert } }, body: { comment } }));

export const createSilence = (body: Schemas['NewSilence']) => data(api.POST('/api/v1/silences', { body }));
export const replaceSilence = ({ id, revision }: Silence, body: Schemas['SilenceCommand']) =>
  data(
    api.PUT('/api/v1/silences/{silence}', {
      params: { path: { silence: id }, header: ifMatch(revision) },
      body,
    }),
  );
export const readSilence = ({ id }: Silence) =>
  data(api.GET('/api/v1/silences/{silence}', { params: { path: { silence: id } } }));
export const endSilence = ({ id }: Silence) =>
  data(api.DELETE('/api/v1/silences/{silence}', { params: { path: { silence: id } } }));

export const createMaintenance = (body: Schemas['NewMaintenance']) =>
  data(api.POST('/api/v1/maintenance-windows', { body }));
export const replaceMaintenance = ({ name, revision }: Maintenance, body: Schemas['MaintenanceCommand']) =>
  data(
    api.PUT('/api/v1/maintenance-windows/{window}', {
      params: { path: { window: name }, header: ifMatch(revision) },
      body,
    }),
  );
export const readMaintenance = ({ name }: Maintenance) =>
  data(api.GET('/api/v1/maintenance-windows/{window}', { params: { path: { window: name } } }));
export const deleteMaintenance = ({ name }: Maintenance) =>
  data(api.DELETE('/api/v1/maintenance-windows/{window}', { params: { path: { window: name } } }));
