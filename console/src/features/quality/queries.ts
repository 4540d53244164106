import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, data, ifMatch, readAll, type Schemas, useWrite, watch } from '@/api';
import { isoRange, type Range, resolveRange } from '@/components/time/timeRange';

export type Rule = Schemas['MonitorView'];
export type RuleState = Rule['state'];
export type Definition = Schemas['MonitorDefinition'];
export type NewRule = Schemas['NewMonitor'];
export type Verdict = Schemas['MonitorWindow'];
export type VerdictState = Verdict['state'];
export type ColumnStatistics = Schemas['ColumnStatistics'];

/** Windows are closed and judged by the clock, which nobody tells. */
const REFRESH_MS = 5_000;
const LAST = 200;
const PAGE = 1_000;

export const rulesQuery = (service: string) =>
  queryOptions({
    queryKey: ['quality', service, 'rules'],
    queryFn: async ({ signal }) =>
      (await data(api.GET('/api/v1/services/{service}/monitors', { params: { path: { service } }, signal })))
        .items,
    refetchInterval: REFRESH_MS,
    meta: watch(['monitor', 'alert', 'service'], service),
  });

const at = (service: string, monitor: string) => ({ path: { service, monitor } });

/** The newest verdicts of a rule, as many as its small marks need. */
export const lastVerdictsQuery = (rule: Rule) =>
  queryOptions({
    // Not under `quality`: what a write deletes is not read once more.
    queryKey: ['last verdicts', rule.id, rule.revision, rule.last_window_end],
    queryFn: async ({ signal }) => {
      const params = { ...at(rule.service, rule.name), query: { page_size: LAST } };
      const path = '/api/v1/services/{service}/monitors/{monitor}/windows' as const;
      return (await data(api.GET(path, { params, signal }))).items;
    },
    placeholderData: keepPreviousData,
    enabled: rule.last_window_end !== null,
  });

/** All verdicts of a range, the newest first. */
export const verdictsQuery = (rule: Rule, range: Range) =>
  queryOptions({
    queryKey: ['verdicts', rule.id, rule.revision, range, rule.last_window_end],
    queryFn: ({ signal }) => {
      const { from, to } = isoRange(resolveRange(range, Date.now()));
      return readAll((page) => {
        const query = { ...page, from, to: 'span' in range ? null : to };
        return api.GET('/api/v1/services/{service}/monitors/{monitor}/windows', {
          params: { ...at(rule.service, rule.name), query },
          signal,
        });
      }, PAGE);
    },
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });

export type Distribution = Schemas['ColumnDistribution'];

/** A column of a window beside the baseline; its rows are read for it, so it is asked for once. */
export const distributionQuery = (
  rule: Rule,
  of: { readonly column: string; readonly slice: string | null; readonly end: string },
) =>
  queryOptions({
    queryKey: ['distribution', rule.id, rule.revision, of],
    queryFn: ({ signal }) => {
      const params = { ...at(rule.service, rule.name), query: of };
      const path = '/api/v1/services/{service}/monitors/{monitor}/windows/distribution' as const;
      return data(api.GET(path, { params, signal }));
    },
    staleTime: 300_000,
    retry: false,
  });

const WEEK_MS = 7 * 86_400_000;

/** Statistics of the last week's inferences without errors; null while there is no such table. */
export const columnsQuery = (service: string) =>
  queryOptions({
    queryKey: ['quality columns', service],
    queryFn: async ({ signal }) => {
      const tables = await data(
        api.GET('/api/v1/inference-tables', { params: { query: { service } }, signal }),
      );
      const table = tables.items.find(({ kind, status }) => kind === 'inferences' && status !== 'missing');
      if (table === undefined) return null;
      // Failed requests have rows without values.
      const from = new Date(Date.now() - WEEK_MS).toISOString();
      const query = { from, columns: [], where: 'error is null' };
      const params = { path: { table: table.name }, query };
      return data(api.GET('/api/v1/inference-tables/{table}/statistics', { params, signal }));
    },
    staleTime: 60_000,
  });

export const useRuleWrite = <T, R>(write: (values: T) => Promise<R>) => useWrite('quality', write);

export const createRule = (service: string, body: NewRule) =>
  data(api.POST('/api/v1/services/{service}/monitors', { params: { path: { service } }, body }));
export const replaceRule = ({ service, name, revision }: Rule, body: Definition) =>
  data(
    api.PUT('/api/v1/services/{service}/monitors/{monitor}', {
      params: { ...at(service, name), header: ifMatch(revision) },
      body,
    }),
  );
export const readRule = ({ service, name }: Rule) =>
  data(api.GET('/api/v1/services/{service}/monitors/{monitor}', { params: at(service, name) }));
export const deleteRule = ({ service, name }: Rule) =>
  data(api.DELETE('/api/v1/services/{service}/monitors/{monitor}', { params: at(service, name) }));
export const runRule = ({ service, name }: Rule) =>
  data(api.POST('/api/v1/services/{service}/monitors/{monitor}/run', { params: at(service, name) }));
