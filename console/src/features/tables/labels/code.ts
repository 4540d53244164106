import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf } from '@/components/code/curl';
import { isoRange } from '@/components/time/timeRange';
import type { Grid } from '../accounting/account';

/** The same coverage, and sending a file, from a shell and a script. */
export function codeForms(service: string, grid: Grid): CodeForms {
  const { from, to } = isoRange(grid);
  const { stepS: step } = grid;
  const name = pythonLiteral(service);
  return {
    cli: [
      `penstock labels coverage ${service} --from ${from} --to ${to} --step ${step}`,
      `penstock labels send ${service} labels.csv`,
    ].join('\n'),
    curl: [
      curlOf('GET', `/services/${service}/labels/coverage${queryString({ from, to, step })}`),
      curlOf('POST', `/services/${service}/labels`).concat(
        " \\\n  -H 'Content-Type: text/csv' \\\n  --data-binary @labels.csv",
      ),
    ].join('\n\n'),
    python: pythonOf(
      `print(client.label_coverage(${name}, from_time=${pythonLiteral(from)}, to_time=${pythonLiteral(to)}, step=${step}))`,
      `print(client.send_label_file(${name}, "labels.csv"))`,
    ),
  };
}
