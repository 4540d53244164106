import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, shellQuote } from '@/components/code/curl';
import { type Filters, requestOf } from './filters';

/** The list that is shown, by command line, curl and Python. */
export function codeForms(filters: Filters): CodeForms {
  const { cursor: _cursor, page_size: _size, ...wanted } = requestOf(filters);
  const entries = Object.entries(wanted).filter(
    ([name, value]) => !(name === 'sort' && value === '-created_at'),
  );
  const options = entries.map(([name, value]) => ` --${name} ${shellQuote(String(value))}`);
  const keywords = entries.map(([name, value]) => `${name}=${pythonLiteral(value)}`);
  return {
    cli: `penstock services list${options.join('')}`,
    curl: curlOf('GET', `/services${queryString(Object.fromEntries(entries))}`),
    python: `import penstock\n\nwith penstock.Client() as client:\n    for service in client.services.list(${keywords.join(', ')}):\n        print(service["name"], service["status"])`,
  };
}
