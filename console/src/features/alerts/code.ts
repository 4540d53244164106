import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf, shellQuote } from '@/components/code/curl';
import { type AlertDetail, type AlertFilter, wanted } from './queries';

/** The list that is shown, by command line, curl and Python. */
export function listForms(filter: Omit<AlertFilter, 'cursor'>): CodeForms {
  const named = Object.entries(wanted(filter)).filter(([, value]) => value !== null);
  const options = named.map(([name, value]) => ` --${name} ${shellQuote(String(value))}`).join('');
  const keywords = named.map(([name, value]) => `${name}=${pythonLiteral(value)}`).join(', ');
  return {
    cli: `penstock alerts list${options}`,
    curl: curlOf('GET', `/alerts${queryString(wanted(filter))}`),
    python: pythonOf(
      `for alert in client.alerts(${keywords}):`,
      '    print(alert["severity"], alert["summary"])',
    ),
  };
}

/** One alert, and what the buttons of its page do. */
export function alertForms({ id }: Pick<AlertDetail, 'id'>): CodeForms {
  return {
    cli: [`penstock alerts show ${id}`, `penstock alerts acknowledge ${id} --comment "…"`].join('\n'),
    curl: [
      curlOf('GET', `/alerts/${id}`),
      curlOf('POST', `/alerts/${id}/acknowledge`, { comment: '…' }),
    ].join('\n\n'),
    python: pythonOf(
      `print(client.alert("${id}")["evidence"])`,
      `client.acknowledge_alert("${id}", comment="…")`,
    ),
  };
}
