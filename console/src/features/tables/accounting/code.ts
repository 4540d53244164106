import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf } from '@/components/code/curl';
import { isoRange } from '@/components/time/timeRange';
import type { Grid } from './account';

/** The same account from a shell and a script. */
export function codeForms(service: string, grid: Grid): CodeForms {
  const { from, to } = isoRange(grid);
  const { stepS: step } = grid;
  return {
    cli: `penstock accounting ${service} --from ${from} --to ${to} --step ${step}`,
    curl: curlOf('GET', `/services/${service}/accounting${queryString({ from, to, step })}`),
    python: pythonOf(
      `print(client.accounting(${pythonLiteral(service)}, from_time=${pythonLiteral(from)}, to_time=${pythonLiteral(to)}, step=${step}))`,
    ),
  };
}
