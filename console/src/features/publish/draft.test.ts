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

test('a container image, with what differs from the defaults of a form', () => {
  const model_source = { ...draft.version.model_source, kind: 'image' as const };
  const image = { ...model_source.image, image: 'wine:1', command: ['serve'] };
  const body = serviceBody(
    { ...draft, version: { ...draft.version, model_source: { ...model_source, image } } },
    true,
  );
  expect(body.version?.model_source).toEqual({
    kind: 'image',
    image: 'wine:1',
    command: ['serve'],
    port: 8080,
    health_path: '/health',
    predict_path: '/predict',
  });
  // A draft that was kept before there were images.
  const { kind: _, image: __, ...older } = draft.version.model_source;
  const kept = { ...draft, version: { ...draft.version, model_source: older } } as typeof draft;
  expect(serviceBody(kept, true).version?.model_source).toEqual({
    kind: 'mlflow',
    model: 'wine',
    version: '3',
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
  expect(placeOf(['name'], true)).toEqual(['version', 'name']);
  expect(stepOf(placeOf(['model_source', 'image', 'port']))).toBe('model');
  expect(stepOf(['version', 'replicas', 'min'])).toBe('resources');
  expect(stepOf(placeOf(['body', 'env', 'A']))).toBe('resources');
});

test('the command quotes what a shell would read', () => {
  expect(codeForms(draft, '', true).cli).toContain(`--set 'tags={"team":"risk"}'`);
});
