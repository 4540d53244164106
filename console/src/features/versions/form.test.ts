import { expect, test } from 'vitest';
import type { Version } from '@/api';
import { bodyOf, changeOf, NEW_VALUES, parseEnv, valuesOf } from './form';

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
  const after = { ...before, scale: 'range' as const, replicas: { min: 0, max: 3, target_concurrency: 8 } };
  expect(changeOf(before, after)).toEqual({ replicas: { min: 0, max: 3, target_concurrency: 8 } });
});

test('environment variables go there and back', () => {
  expect(bodyOf(valuesOf(VERSION)).env).toEqual(VERSION.env);
  expect(parseEnv('A=b=c\n\nB=').env).toEqual({ A: 'b=c', B: '' });
  expect(parseEnv('A=1\nnothing').wrong).toBe('nothing');
});

test('a model goes by its version or its alias, never by both', () => {
  const model_source = {
    ...NEW_VALUES.model_source,
    model: 'wine',
    version: '3',
    alias: 'champion',
    follow: true,
  };
  expect(bodyOf({ ...NEW_VALUES, model_source }).model_source).toMatchObject({ version: '3', follow: false });
  const byAlias = bodyOf({ ...NEW_VALUES, model_source, by: 'alias' }).model_source;
  expect(byAlias).toMatchObject({ alias: 'champion', follow: true });
  expect(byAlias).not.toHaveProperty('version');
});

test('a place in a group has its own fields', () => {
  const values = {
    ...NEW_VALUES,
    place: 'group' as const,
    resource_source: { group: 'risk', cpu: 2, memory_gb: 4 },
  };
  expect(bodyOf(values).resource_source).toEqual({
    kind: 'group',
    group: 'risk',
    cpu: 2,
    memory_gb: 4,
    gpu: 0,
  });
});
