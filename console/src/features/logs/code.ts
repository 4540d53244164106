import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf, shellQuote } from '@/components/code/curl';
import { type Filters, lineQuery } from './address';
import { path } from './queries';

/** The same lines from a shell and a script. */
export function codeForms(
  service: string,
  filters: Filters,
  range: { from: string; to?: string },
): CodeForms {
  const { version, pod, search, regex, request, level } = filters;
  const wanted: [option: string, argument: string, value: string | undefined][] = [
    ['--version', 'version', version],
    ['--pod', 'pod', pod],
    [regex ? '--regex' : '--search', regex ? 'regex' : 'search', search],
    ['--request', 'request_id', request],
    ['--from', 'from_time', range.from],
    ['--to', 'to_time', range.to],
  ];
  const given = wanted.filter(([, , value]) => value !== undefined && value !== '');
  const options = given.map(([option, , value]) => `${option} ${shellQuote(value ?? '')}`);
  const levels = level.map((one) => `--level ${one}`);
  const named = given.map(([, argument, value]) => `${argument}=${pythonLiteral(value)}`);
  const arguments_ = [
    pythonLiteral(service),
    ...named,
    ...(level.length > 0 ? [`level=${pythonLiteral(level)}`] : []),
  ];
  return {
    cli: ['penstock logs', shellQuote(service), ...options, ...levels].join(' '),
    curl: curlOf('GET', `${path(service)}${queryString({ ...lineQuery(filters), ...range })}`),
    python: pythonOf(`for line in client.logs(${arguments_.join(', ')}):`, '    print(line["text"])'),
  };
}
