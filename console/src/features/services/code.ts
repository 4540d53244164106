import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf, shellQuote } from '@/components/code/curl';
import { type Filters, requestOf } from './filters';

/** The list that is shown, by command line, curl and Python. */
export function codeForms(filters: Filters): CodeForms {
  const { cursor: _cursor, page_size: _size, ...wanted } = requestOf(filters);
  const entries = Object.entries(wanted).filter(
    ([name, value]) => !(name === 'sort' && value === '-created_at'),
  );
  const options = entries.map(([name, value]) =>
    name === 'sort' ? ' --oldest-first' : ` --${name} ${shellQuote(String(value))}`,
  );
  const keywords = entries.map(([name, value]) => `${name}=${pythonLiteral(value)}`);
  return {
    cli: `penstock services list${options.join('')}`,
    curl: curlOf('GET', `/services${queryString(Object.fromEntries(entries))}`),
    python: pythonOf(
      `for service in client.services(${keywords.join(', ')}):`,
      '    print(service["name"], service["status"])',
    ),
  };
}
