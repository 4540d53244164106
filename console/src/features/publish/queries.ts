import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, data } from '@/api';
import { type Draft, furtherVersionBody, serviceBody } from './draft';

/** Whether a service of this name is there, also one that the caller may not see. */
export async function isNameTaken(service: string): Promise<boolean> {
  const query = { search: service, page_size: 100 };
  const found = await data(api.GET('/api/v1/services', { params: { query } }));
  return found.items.some((one) => one.name === service);
}

/** Makes the service, or a further version of `service`; gives where to look next. */
export function usePublish(service: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ draft, start }: { draft: Draft; start: boolean }) => {
      if (service === '') {
        const made = await data(api.POST('/api/v1/services', { body: serviceBody(draft, start) }));
        return { service: made.name, version: made.versions[0]?.name };
      }
      const made = await data(
        api.POST('/api/v1/services/{service}/versions', {
          params: { path: { service } },
          body: furtherVersionBody(draft, start),
        }),
      );
      return { service, version: made.name };
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ['services'] }),
  });
}
