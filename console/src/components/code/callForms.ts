import type { Service } from '@/api';
import type { CodeForms } from './AsCode';

/** How a caller asks this service for a prediction; without `key` it is taken from the environment. */
export function callForms(service: Service, key?: string): CodeForms {
  const header = service.auth_enabled ? `Authorization: Bearer ${key ?? '$PENSTOCK_API_KEY'}` : null;
  const pyKey = key === undefined ? '{os.environ["PENSTOCK_API_KEY"]}' : key;
  const curl = [
    `curl ${service.url}`,
    ...(header === null ? [] : [`-H "${header}"`]),
    "-H 'Content-Type: application/json'",
    '-d @request.json',
  ].join(' \\\n  ');
  const python = [
    ...(key === undefined && header !== null ? ['import os', ''] : []),
    'import httpx',
    '',
    'body = {"dataframe_split": {"columns": [], "data": [[]]}}',
    ...(header === null
      ? [`answer = httpx.post("${service.url}", json=body)`]
      : [
          `headers = {"Authorization": ${key === undefined ? 'f' : ''}"Bearer ${pyKey}"}`,
          `answer = httpx.post("${service.url}", json=body, headers=headers)`,
        ]),
    'print(answer.json()["predictions"])',
  ].join('\n');
  return { curl, python };
}
