import type { Schemas } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { shellQuote } from '@/components/code/curl';

/** The address at which one version is called, past the split. */
export function versionUrl(url: string, version: string): string {
  return version === '' ? url : url.replace(/\/predict$/, `/versions/${version}/predict`);
}

/** How a caller sends the same body; the key comes from the environment. */
export function codeForms(service: Schemas['ServiceView'], version: string, body: string): CodeForms {
  const url = versionUrl(service.url, version);
  const json = compact(body);
  const hasKey = service.auth_enabled;
  return {
    cli: `penstock debug ${service.name}${version && ` --version ${version}`} --data ${shellQuote(json)}`,
    curl: curl(url, json, hasKey),
    python: python(url, json, hasKey),
    javascript: javascript(url, json, hasKey),
    java: java(url, json, hasKey),
  };
}

function compact(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return body;
  }
}

function curl(url: string, json: string, hasKey: boolean): string {
  return [
    `curl -sS ${shellQuote(url)}`,
    ...(hasKey ? ['-H "Authorization: Bearer $PENSTOCK_API_KEY"'] : []),
    "-H 'Content-Type: application/json'",
    `-d ${shellQuote(json)}`,
  ].join(' \\\n  ');
}

function python(url: string, json: string, hasKey: boolean): string {
  const header = hasKey ? 'headers={"Authorization": f"Bearer {os.environ[\'PENSTOCK_API_KEY\']}"}, ' : '';
  return [
    'import json',
    ...(hasKey ? ['import os'] : []),
    '',
    'import requests',
    '',
    `body = json.loads(${JSON.stringify(json)})`,
    `answer = requests.post(${JSON.stringify(url)}, ${header}json=body, timeout=60)`,
    'answer.raise_for_status()',
    'print(answer.json()["predictions"])',
  ].join('\n');
}

function javascript(url: string, json: string, hasKey: boolean): string {
  const key = hasKey ? ["    Authorization: 'Bearer ' + process.env.PENSTOCK_API_KEY,"] : [];
  return [
    `const answer = await fetch(${JSON.stringify(url)}, {`,
    "  method: 'POST',",
    '  headers: {',
    "    'Content-Type': 'application/json',",
    ...key,
    '  },',
    `  body: JSON.stringify(${json}),`,
    '});',
    'if (!answer.ok) throw new Error(await answer.text());',
    'console.log((await answer.json()).predictions);',
  ].join('\n');
}

function java(url: string, json: string, hasKey: boolean): string {
  const key = hasKey ? ['    .header("Authorization", "Bearer " + System.getenv("PENSTOCK_API_KEY"))'] : [];
  return [
    'import java.net.URI;',
    'import java.net.http.*;',
    '',
    `var request = HttpRequest.newBuilder(URI.create(${JSON.stringify(url)}))`,
    '    .header("Content-Type", "application/json")',
    ...key,
    `    .POST(HttpRequest.BodyPublishers.ofString(${JSON.stringify(json)}))`,
    '    .build();',
    'var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());',
    'System.out.println(answer.statusCode() + " " + answer.body());',
  ].join('\n');
}
