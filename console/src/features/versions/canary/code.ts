import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf } from '@/components/code/curl';

/** Starting, looking at and ending a canary. */
export function canaryForms(service: string, version: string, steps: readonly number[]): CodeForms {
  const body = { version, steps };
  const [of, which] = [pythonLiteral(service), pythonLiteral(version)];
  return {
    cli: [
      `penstock canaries start ${service} ${version} --steps ${steps.join(',')} --wait`,
      `penstock canaries show ${service}`,
      `penstock canaries abort ${service}`,
    ].join('\n'),
    curl: [
      curlOf('POST', `/services/${service}/canaries`, body),
      curlOf('GET', `/services/${service}/canaries`),
    ].join('\n\n'),
    python: pythonOf(
      `canary = client.start_canary(${of}, ${which}, steps=${pythonLiteral(steps)})`,
      `print(client.canary(${of}, canary["id"])["phase"])`,
    ),
  };
}
