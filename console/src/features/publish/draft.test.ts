import { expect, test } from 'vitest';
import { codeForms } from './code';
import { furtherVersionBody, newDraft, serviceBody } from './draft';
import { placeOf, stepOf } from './steps';

const draft = { ...newDraft('default', { model: 'wine', version: '3' }), name: 'wine', tags: ['team=risk'] };

test('what was left empty is left out', () => {
  expect(serviceBody(draft, true)).toEqual({
    name: 'wine',
    project: 'default',
    tags: { team: 'risk' },
    auth_enabled: true,
    max_body_bytes: 16_777_216,
    start: true,
    version: {
      model_source: { kind: 'mlflow', model: 'wine', version: '3' },
      resource_source: { kind: 'shared', spec: '1C2G' },
      replicas: 1,
      request_timeout_ms: 60_000,
      log_delivery: { enabled: true, log_stream: false, masking: [], sample_rate: 1 },
    },
  });
});

test('a version by its alias, with variables', () => {
  const aliased = newDraft('default', { model: 'wine', alias: 'champion' });
  const env = [
    { name: 'A', kind: 'value' as const, value: '' },
    { name: 'B', kind: 'secret' as const, secret: 's', key: 'k' },
  ];
  const byAlias = { ...aliased, version: { ...aliased.version, env } };
  expect(furtherVersionBody(byAlias, false)).toMatchObject({
    start: false,
    model_source: { kind: 'mlflow', model: 'wine', alias: 'champion' },
    env: { A: '', B: { secret: 's', key: 'k' } },
  });
});

test('refusals lead to the step of their field', () => {
  expect(placeOf(['log_delivery', 'destination'])).toEqual(['version', 'log_delivery', 'destination']);
  expect(placeOf(['body', 'name'])).toEqual(['name']);
  expect(stepOf(['version', 'replicas', 'min'])).toBe('resources');
  expect(stepOf(placeOf(['body', 'env', 'A']))).toBe('resources');
});

test('the command quotes what a shell would read', () => {
  expect(codeForms(draft, '', true).cli).toContain(`--set 'tags={"team":"risk"}'`);
});
