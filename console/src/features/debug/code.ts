import type { Schemas } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { predictionCurl, predictionPython } from '@/components/code/callForms';
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
    curl: predictionCurl({ url, hasKey, data: shellQuote(json) }),
    python: predictionPython({
      url,
      hasKey,
      body: `json.loads(${JSON.stringify(json)})`,
      imports: ['import json'],
    }),
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
