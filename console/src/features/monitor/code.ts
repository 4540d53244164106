import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf, shellQuote } from '@/components/code/curl';
import type { ChartsFilter } from './queries';

const METRICS = ['requests_per_second', 'latency_p99'];

/** Two of the charts, of the same versions and pods, from a shell and a script. */
export function codeForms({ service, from, to, step, by, version, pod }: ChartsFilter): CodeForms {
  const wanted: [option: string, argument: string, value: string | number | null][] = [
    ['--by', 'by', by],
    ['--version', 'version', version],
    ['--pod', 'pod', pod],
    ['--from', 'from_time', from],
    ['--to', 'to_time', to],
    ['--step', 'step', step],
  ];
  const given = wanted.filter(([, , value]) => value !== null && value !== '');
  const options = given.map(([option, , value]) => `${option} ${shellQuote(String(value))}`);
  const named = given.map(([, argument, value]) => `${argument}=${pythonLiteral(value)}`);
  const query = queryString({ metrics: METRICS.join(','), by, version, pod, from, to, step });
  return {
    cli: ['penstock charts', service, ...METRICS, ...options].join(' '),
    curl: curlOf('GET', `/services/${service}/charts${query}`),
    python: pythonOf(
      `charts = client.charts(${[pythonLiteral(service), pythonLiteral(METRICS), ...named].join(', ')})`,
      'print(charts["series"])',
    ),
  };
}
