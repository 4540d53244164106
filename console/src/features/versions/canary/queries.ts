import { queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas, useWrite, watch } from '@/api';

export type Canary = Schemas['CanaryView'];
export type Phase = Schemas['CanaryPhase'];
export type Guardrail = Schemas['GuardrailFigures'];
export type GuardrailKind = Guardrail['kind'];
export type Preflight = Schemas['PreflightReport'];
export type NewCanary = Schemas['NewCanary'];

const KEPT = 20;

/** The last canaries of a service, the newest first. Figures change between steps, which nobody tells. */
export const canariesQuery = (service: string) =>
  queryOptions({
    queryKey: ['canaries', service],
    queryFn: async ({ signal }) => {
      const params = { path: { service }, query: { page_size: KEPT } };
      return (await data(api.GET('/api/v1/services/{service}/canaries', { params, signal }))).items;
    },
    refetchInterval: 5_000,
    meta: watch(['canary', 'traffic', 'version'], service),
  });

export const useCanaryWrite = <T, R>(write: (values: T) => Promise<R>) => useWrite('canaries', write);

export const startCanary = (service: string, body: NewCanary) =>
  data(api.POST('/api/v1/services/{service}/canaries', { params: { path: { service } }, body }));

/** Whatever step it has taken since it was shown: a canary moves by itself, and must be ended all the same. */
const one = ({ service, id }: Canary) => ({ params: { path: { service, canary: id } } });
export const abortCanary = (canary: Canary) =>
  data(api.POST('/api/v1/services/{service}/canaries/{canary}/abort', one(canary)));
export const promoteCanary = (canary: Canary) =>
  data(api.POST('/api/v1/services/{service}/canaries/{canary}/promote', one(canary)));
