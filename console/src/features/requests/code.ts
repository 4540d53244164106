import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf, shellQuote } from '@/components/code/curl';

/** The same request from a shell and a script. */
export function codeForms(service: string, request: string): CodeForms {
  return {
    cli: `penstock request ${service} ${shellQuote(request)}`,
    curl: curlOf('GET', `/services/${service}/requests/${encodeURIComponent(request)}`),
    python: pythonOf(`print(client.request(${pythonLiteral(service)}, ${pythonLiteral(request)}))`),
  };
}
