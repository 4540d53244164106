import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf, shellQuote } from '@/components/code/curl';
import { parameters, type Selection } from './queries';

type View = 'rows' | 'statistics' | 'columns';

/** The same rows, statistics or columns from a shell and a script; chosen columns are left to the page. */
export function codeForms(selection: Selection, view: View, order: string, now = Date.now()): CodeForms {
  const { table } = selection;
  const at = `/inference-tables/${table}`;
  if (view === 'columns') {
    return {
      cli: `penstock tables show ${table}`,
      curl: curlOf('GET', at),
      python: pythonOf(`print(client.table(${pythonLiteral(table)}))`),
    };
  }
  const { from, to, where } = parameters(selection, now);
  const wanted = {
    from_time: from,
    to_time: to,
    where,
    ...(view === 'rows' ? { order: order || null } : {}),
  };
  const named = Object.entries(wanted).filter(([, value]) => value !== null);
  const python = named.map(([name, value]) => `, ${name}=${pythonLiteral(value)}`).join('');
  const cli = named
    .map(([name, value]) => ` --${name.replace('_time', '')} ${shellQuote(String(value))}`)
    .join('');
  const query = queryString({ from, to, where, ...(view === 'rows' ? { order } : {}) });
  if (view === 'statistics') {
    return {
      cli: `penstock tables stats ${table}${cli}`,
      curl: curlOf('GET', `${at}/statistics${query}`),
      python: pythonOf(`print(client.table_statistics(${pythonLiteral(table)}${python}))`),
    };
  }
  return {
    cli: `penstock tables rows ${table}${cli}`,
    curl: curlOf('GET', `${at}/rows${query}`),
    python: pythonOf(`for row in client.each_row(${pythonLiteral(table)}${python}):`, '    print(row)'),
  };
}
