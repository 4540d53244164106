import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf } from '@/components/code/curl';
import { parameters, type UsageFilter } from './queries';

/** The same rows from a shell and a script. */
export function codeForms(filter: UsageFilter): CodeForms {
  const { from, to, ...summed } = parameters(filter);
  const wanted = { from_time: from, to_time: to, ...summed };
  const named = Object.entries(wanted).map(([name, value]) => `${name}=${pythonLiteral(value)}`);
  return {
    cli: `penstock usage --from ${from} --to ${to} --group-by ${summed.group_by} --grain ${summed.grain}`,
    curl: curlOf('GET', `/usage${queryString({ ...parameters(filter), page_size: 1000 })}`),
    python: pythonOf(`for row in client.usage(${named.join(', ')}):`, '    print(row)'),
  };
}
