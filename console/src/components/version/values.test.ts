import { expect, test } from 'vitest';
import type { Version } from '@/api';
import { bodyOf, changeOf, NEW_VALUES, valuesOf } from './values';

const VERSION = {
  description: '',
  model_source: { kind: 'mlflow', model: 'wine', version: '3', alias: null, follow: false, registry: null },
  resource_source: { kind: 'shared', spec: '2C4G' },
  replicas: 2,
  rate_limit: null,
  max_concurrency: null,
  request_timeout_ms: 60_000,
  log_delivery: { enabled: true, sample_rate: 1, destination: null },
  env: { THREADS: '4', TOKEN: { secret: 'hub', key: 'token' } },
  runtime: { row_wise: 'auto', types: 'strict', workers: 1, max_batch_rows: 256 },
} as unknown as Version;

test('an untouched form changes nothing', () => {
  expect(changeOf(valuesOf(VERSION), valuesOf(VERSION))).toEqual({});
});

test('a change holds what was touched alone, whole', () => {
  const before = valuesOf(VERSION);
  const after = { ...before, replicas: { min: 0, max: 3, target_concurrency: 8 } };
  expect(changeOf(before, after)).toEqual({ replicas: { min: 0, max: 3, target_concurrency: 8 } });
});

test('environment variables go there and back; a row without a name is none', () => {
  const values = valuesOf(VERSION);
  expect(bodyOf(values).env).toEqual(VERSION.env);
  const env = [...values.env, { kind: 'value' as const, value: 'lost' }];
  expect(changeOf(values, { ...values, env })).toEqual({});
});

test('a model goes by its version or its alias, never by both', () => {
  const model_source = {
    ...NEW_VALUES.model_source,
    model: 'wine',
    version: '3',
    alias: 'champion',
    follow: true,
  };
  const byVersion = bodyOf({ ...NEW_VALUES, model_source }).model_source;
  expect(byVersion).toEqual({ kind: 'mlflow', model: 'wine', version: '3', follow: false, registry: null });
  const byAlias = bodyOf({ ...NEW_VALUES, model_source, by: 'alias' }).model_source;
  expect(byAlias).toEqual({
    kind: 'mlflow',
    model: 'wine',
    alias: 'champion',
    follow: true,
    registry: null,
  });
});

test('what a version has of a group, a range or a limit is in the form', () => {
  const version = {
    ...VERSION,
    resource_source: { kind: 'group', group: 'risk', cpu: 2, memory_gb: 4, gpu: 0 },
    replicas: { min: 0, max: 2 },
    rate_limit: { qps: 5 },
  } as unknown as Version;
  expect(valuesOf(version)).toMatchObject({
    resource_source: version.resource_source,
    replicas: { min: 0, max: 2, target_concurrency: 16 },
    rate_limit: { qps: 5, burst: null, on_limit: 'reject' },
  });
});

const SOURCE = {
  kind: 'image',
  image: 'localhost:5000/ns/wine:1',
  credentials: 'hub',
  command: ['serve', '--all'],
  args: null,
  port: 9000,
  health_path: '/ready',
  predict_path: '/score',
  mounts: [
    { kind: 's3', path: '/data', uri: 's3://lake/w', credentials: 'lake', endpoint: null },
    { kind: 'oci', path: '/weights', uri: 'oci://r.io/models/wine:3', credentials: 'hub' },
    { kind: 'file', path: '/etc/app.yaml', content: 'a: 1' },
    { kind: 'artifact', path: '/model', uri: 'models:/wine/3', registry: null },
  ],
} as const;

test('an image goes there and back; options of the model server stay out of it', () => {
  const version = { ...VERSION, model_source: SOURCE } as unknown as Version;
  const values = valuesOf(version);
  expect(bodyOf(values)).toMatchObject({ model_source: SOURCE });
  expect(bodyOf(values)).not.toHaveProperty('runtime');
  expect(changeOf(values, valuesOf(version))).toEqual({});
  const image = { ...values.model_source.image, port: 9001, mounts: [] };
  const change = changeOf(values, { ...values, model_source: { ...values.model_source, image } });
  expect(change).toEqual({ model_source: { ...SOURCE, port: 9001, mounts: [] } });
});

test('a version that was made from a model becomes an image, and what was chosen before stays in the form', () => {
  const before = valuesOf(VERSION);
  const image = { ...NEW_VALUES.model_source.image, image: ' wine:1 ' };
  const after = { ...before, model_source: { ...before.model_source, kind: 'image' as const, image } };
  expect(changeOf(before, after)).toMatchObject({ model_source: { kind: 'image', image: 'wine:1' } });
  expect(changeOf(before, { ...after, model_source: { ...after.model_source, kind: 'mlflow' } })).toEqual({});
});
