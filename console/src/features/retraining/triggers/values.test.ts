import { expect, test } from 'vitest';
import type { Trigger } from '../queries';
import { newTriggerOf, triggerOf, triggerValues } from './values';

test('a job has its files, command and size; an alert of what severity and labels starts it', () => {
  const values = { ...triggerValues(null), name: 'nightly ', labels: 'monitor = drift' };
  const made = newTriggerOf(values);
  expect(made).toMatchObject({
    name: 'nightly',
    on_alert: { severity: 'critical', labels: { monitor: 'drift' } },
    schedule: null,
    guards: { cool_down: 'PT6H', max_per_day: 2, min_label_coverage: null },
    action: {
      kind: 'job',
      command: ['python', 'train.py'],
      resource_source: { kind: 'shared', spec: '1C2G' },
    },
  });
  expect(newTriggerOf({ ...values, severity: '' }).on_alert).toBeNull();
});

test('an edit keeps what the form has no field for', () => {
  const there = {
    name: 'dag',
    service: 'wine',
    revision: 3,
    action: { kind: 'airflow', url: 'https://a', dag_id: 'train', conf: { a: 1 } },
    on_alert: null,
    schedule: 'P7D',
    guards: { cool_down: 'PT1H', max_per_day: 1, min_label_coverage: 0.5 },
    model: null,
    secret: 'k',
    paused: false,
    time_limit: 'PT1H',
    // biome-ignore lint/suspicious/noThenProperty: the API calls it so
    then: { publish: 'canary', weight: 0 },
  } as unknown as Trigger;
  expect(triggerOf(triggerValues(there), there)).toEqual({
    action: there.action,
    on_alert: null,
    schedule: 'P7D',
    guards: there.guards,
    model: null,
    secret: 'k',
    paused: false,
    time_limit: 'PT1H',
    // biome-ignore lint/suspicious/noThenProperty: the API calls it so
    then: there.then,
  });
});
