import { queryString } from '@/api';
import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf, shellQuote } from '@/components/code/curl';
import type { Rule } from './queries';

/** The rules of a service. */
export function listForms(service: string): CodeForms {
  return {
    cli: `penstock monitors list ${service}`,
    curl: curlOf('GET', `/services/${service}/monitors`),
    python: pythonOf(
      `for rule in client.monitors(${pythonLiteral(service)}):`,
      '    print(rule["name"], rule["state"])',
    ),
  };
}

/** One rule as it would be defined again, and its windows. */
export function ruleForms(rule: Rule, from: string): CodeForms {
  const { service, name } = rule;
  const body = {
    kind: rule.kind,
    metric: rule.metric,
    columns: rule.columns,
    window: rule.window,
    warning: rule.warning,
    critical: rule.critical,
    windows: rule.windows,
  };
  const columns = rule.columns.filter((one) => one !== '*').map((one) => ` --column ${shellQuote(one)}`);
  const bounds = (['warning', 'critical'] as const)
    .filter((bound) => rule[bound] !== null)
    .map((bound) => ` --${bound} ${rule[bound]}`);
  const named = Object.entries(body).map(([key, value]) => `${key}=${pythonLiteral(value)}`);
  return {
    cli: [
      `penstock monitors create ${service} ${name} --kind ${rule.kind} --metric ${rule.metric}${columns.join('')}${bounds.join('')} --window ${rule.window} --windows ${shellQuote(rule.windows)}`,
      `penstock monitors windows ${service} ${name} --from ${from}`,
    ].join('\n'),
    curl: [
      curlOf('POST', `/services/${service}/monitors`, { name, ...body }),
      curlOf('GET', `/services/${service}/monitors/${name}/windows${queryString({ from })}`),
    ].join('\n\n'),
    python: pythonOf(
      `client.create_monitor(${[pythonLiteral(service), pythonLiteral(name), ...named].join(', ')})`,
      `for window in client.monitor_windows(${pythonLiteral(service)}, ${pythonLiteral(name)}, from_time=${pythonLiteral(from)}):`,
      '    print(window["end"], window["column"], window["state"], window["value"])',
    ),
  };
}
