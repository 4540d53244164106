import { queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas, watch } from '@/api';
import { registeredModel } from '@/components/version/model/image';

const MOST_SERVICES = 1000;

/** A version of a service, and the model version that it runs. */
export interface ServedVersion {
  readonly service: string;
  readonly version: string;
  readonly modelVersion: string;
  readonly status: Schemas['VersionStatus'];
}

/** Where a model is served, as far as the caller may see. */
export function servedQuery(model: string, registry: string) {
  return queryOptions({
    queryKey: ['served', model, registry],
    queryFn: async ({ signal }) => {
      const { items } = await data(
        api.GET('/api/v1/services', { params: { query: { page_size: MOST_SERVICES } }, signal }),
      );
      return servedVersions(items, model, registry);
    },
    meta: watch(['service', 'version']),
  });
}

export function servedVersions(
  services: readonly Schemas['ServiceView'][],
  model: string,
  registry: string,
): ServedVersion[] {
  return services.flatMap((service) =>
    service.versions.flatMap((version) => {
      const from = registeredModel(version.model_source);
      if (from?.model !== model || (from.registry ?? '') !== registry) return [];
      return {
        service: service.name,
        version: version.name,
        modelVersion: from.version,
        status: version.status,
      };
    }),
  );
}
