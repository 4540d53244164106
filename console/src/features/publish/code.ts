import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf, shellQuote } from '@/components/code/curl';
import { type Draft, furtherVersionBody, serviceBody } from './draft';

/** The same as the form does, for shells and scripts; `service`: it adds a version to that one. */
export function codeForms(draft: Draft, service: string, start: boolean): CodeForms {
  const isNew = service === '';
  const body = isNew ? serviceBody(draft, start) : furtherVersionBody(draft, start);
  const path = isNew ? '/services' : `/services/${service}/versions`;
  const name = isNew ? draft.name : service;
  const { name: _, ...rest } = serviceBody(draft, start);
  const command = isNew ? 'services create' : 'versions add';
  const python = isNew ? 'create_service(' : `create_version(${pythonLiteral(service)}, `;
  return {
    cli: [`penstock ${command} ${shellQuote(name)}`, ...setOptions(isNew ? rest : body)].join(' \\\n  '),
    curl: curlOf('POST', path, body),
    python: pythonOf(`client.${python}${pythonLines(body)})`),
    json: JSON.stringify(body, null, 2),
  };
}

function setOptions(body: object): string[] {
  return Object.entries(body).map(
    ([field, value]) => `--set ${shellQuote(`${field}=${JSON.stringify(value)}`)}`,
  );
}

function pythonLines(body: object): string {
  const lines = Object.entries(body).map(
    ([field, value]) => `    ${JSON.stringify(field)}: ${pythonLiteral(value)},`,
  );
  return `{\n${lines.join('\n')}\n}`;
}
