import { expect, test } from 'vitest';
import type { Trigger } from '../queries';
import { isJsonObject, newTriggerOf, triggerOf, triggerValues } from './values';

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

test('an edit begins with what there is and gives back the same', () => {
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
    then: { publish: 'canary', weight: 0, canary: null },
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

test('a project of MLflow runs in place of a command, and a plan of its own goes with the canary', () => {
  const values = triggerValues(null);
  const made = triggerOf(
    {
      ...values,
      action: {
        ...values.action,
        isProject: true,
        env: [
          { name: 'EPOCHS', kind: 'value', value: '3' },
          { name: 'AWS_SECRET_ACCESS_KEY', kind: 'secret', secret: 'lake', key: 'key' },
        ],
        python: '3.12',
        mlflow_project: { uri: '.', entry_point: 'main', version: '', parameters: 'alpha = 0.5' },
      },
      // biome-ignore lint/suspicious/noThenProperty: the API calls it so
      then: { publish: 'canary', weight: 0, canary: { ...values.then.canary, steps: '10, 50' } },
    },
    null,
  );
  expect(made).toMatchObject({
    action: {
      command: [],
      mlflow_project: { uri: '.', entry_point: 'main', version: null, parameters: { alpha: '0.5' } },
      env: { EPOCHS: '3', AWS_SECRET_ACCESS_KEY: { secret: 'lake', key: 'key' } },
      python: '3.12',
    },
    // biome-ignore lint/suspicious/noThenProperty: the API calls it so
    then: { publish: 'canary', canary: { steps: [10, 50] } },
  });
});

test('a secret that was taken out again is none', () => {
  const values = { ...triggerValues(null), secret: undefined as unknown as string };
  expect(triggerOf(values, null).secret).toBeNull();
});

test('what is sent to Airflow beside the evidence is an object', () => {
  expect(['', '{"a": 1}', '[]', '1', '{'].map(isJsonObject)).toEqual([true, true, false, false, false]);
});
