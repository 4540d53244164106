import { BASE } from '@/api';

/** A call of the control API as a line of curl, for a shell in which `TOKEN` holds a token. */
export function curlOf(method: string, path: string, body?: unknown): string {
  const parts = [
    'curl -s',
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    '-H "Authorization: Bearer $TOKEN"',
  ];
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'");
  parts.push(shellQuote(`${BASE}/api/v1${path}`));
  if (body !== undefined) parts.push(`-d ${shellQuote(JSON.stringify(body, null, 2))}`);
  return parts.join(' \\\n  ');
}

/** Lines of Python in which `client` is signed in with the same token. */
export function pythonOf(...lines: string[]): string {
  return [
    'import os',
    '',
    'import penstock',
    '',
    `client = penstock.Client(${JSON.stringify(BASE)}, os.environ["TOKEN"])`,
    ...lines,
  ].join('\n');
}

/** Text as one word of a POSIX shell. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A value as Python writes it. */
export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).map(
      ([key, inner]) => `${JSON.stringify(key)}: ${pythonLiteral(inner)}`,
    );
    return `{${entries.join(', ')}}`;
  }
  return JSON.stringify(value);
}
