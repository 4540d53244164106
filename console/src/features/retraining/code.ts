import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf } from '@/components/code/curl';

/** Starting a retraining by hand, and the list of them. */
export function codeForms(service: string, trigger: string | undefined): CodeForms {
  const of = pythonLiteral(service);
  const which = trigger === undefined ? '' : ` --trigger ${trigger}`;
  const named = trigger === undefined ? '' : `, trigger=${pythonLiteral(trigger)}`;
  return {
    cli: [`penstock retrain start ${service}${which} --wait`, `penstock retrain list ${service}`].join('\n'),
    curl: [
      curlOf('POST', `/services/${service}/retrainings`, trigger === undefined ? {} : { trigger }),
      curlOf('GET', `/services/${service}/retrainings`),
    ].join('\n\n'),
    python: pythonOf(
      `print(client.start_retraining(${of}${named})["id"])`,
      `for run in client.retrainings(${of}):`,
      '    print(run["requested_at"], run["state"], run["message"])',
    ),
  };
}
