import type { Service } from '@/api';
import type { CodeForms } from './AsCode';
import { shellQuote } from './curl';

/** How a caller asks this service for a prediction; without `key` it is taken from the environment. */
export function callForms(service: Service, key?: string): CodeForms {
  const request = { url: service.url, hasKey: service.auth_enabled, ...(key !== undefined && { key }) };
  return {
    curl: predictionCurl({ ...request, data: '@request.json' }),
    python: predictionPython({ ...request, body: '{"dataframe_split": {"columns": [], "data": [[]]}}' }),
  };
}

interface Prediction {
  readonly url: string;
  readonly hasKey: boolean;
  /** A key that is known at this moment; else it is `PENSTOCK_API_KEY` of the environment. */
  readonly key?: string;
}

export function predictionCurl({
  url,
  hasKey,
  key = '$PENSTOCK_API_KEY',
  data,
}: Prediction & { data: string }) {
  return [
    `curl -sS ${shellQuote(url)}`,
    ...(hasKey ? [`-H "Authorization: Bearer ${key}"`] : []),
    "-H 'Content-Type: application/json'",
    `-d ${data}`,
  ].join(' \\\n  ');
}

/** `body`: an expression of Python; `imports`: of modules that it needs. */
export function predictionPython(
  call: Prediction & { readonly body: string; readonly imports?: readonly string[] },
): string {
  const { url, hasKey, key, body, imports = [] } = call;
  const isRead = hasKey && key === undefined;
  const token = isRead ? 'f"Bearer {os.environ[\'PENSTOCK_API_KEY\']}"' : `"Bearer ${key}"`;
  const standard = [...imports, ...(isRead ? ['import os'] : [])];
  return [
    ...standard,
    ...(standard.length > 0 ? [''] : []),
    'import httpx',
    '',
    `body = ${body}`,
    ...(hasKey ? [`headers = {"Authorization": ${token}}`] : []),
    `answer = httpx.post(${JSON.stringify(url)}, json=body${hasKey ? ', headers=headers' : ''}, timeout=60)`,
    'answer.raise_for_status()',
    'print(answer.json()["predictions"])',
  ].join('\n');
}
