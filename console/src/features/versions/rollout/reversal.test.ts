import { expect, test } from 'vitest';
import type { FieldChange, Version } from '@/api';
import { reversal } from './reversal';

const VERSION = {
  model_source: { kind: 'mlflow', model: 'wine', version: '4', alias: null, follow: false, run_id: 'b' },
  resource_source: { kind: 'shared', spec: '2C4G' },
  replicas: 2,
  env: { THREADS: '4', NEW: '1' },
  runtime: { workers: 2, types: 'strict' },
} as unknown as Version;

test('whole fields go back to what they were', () => {
  const changes = [
    { field: 'replicas', before: 1, after: 2 },
    { field: 'description', before: null, after: 'x' },
  ];
  expect(reversal(VERSION, changes)).toEqual({ replicas: 1, description: null });
});

test('of nested fields the others stay', () => {
  const changes = [
    { field: 'runtime.workers', before: 1, after: 2 },
    { field: 'env.NEW', before: null, after: '1' },
  ];
  expect(reversal(VERSION, changes)).toEqual({
    runtime: { workers: 1, types: 'strict' },
    env: { THREADS: '4' },
  });
});

test('a model goes back by its number, what follows from it is left out', () => {
  const changes = [
    { field: 'model_source.version', before: '3', after: '4' },
    { field: 'model_source.run_id', before: 'a', after: 'b' },
    { field: 'traffic_weight', before: 0, after: 10 },
  ];
  expect(reversal(VERSION, changes)).toEqual({
    model_source: { kind: 'mlflow', model: 'wine', version: '3', registry: null, follow: false },
  });
});

test('a size goes back without what the catalogue says of it', () => {
  const changes = [
    { field: 'resource_source.spec', before: '1C2G', after: '2C4G' },
    { field: 'resource_source', before: { cpu: 1 }, after: { cpu: 2 } },
  ];
  expect(reversal(VERSION, changes)).toEqual({ resource_source: { kind: 'shared', spec: '1C2G' } });
});

test('a size in a group goes back as a size in that group, and out of the shared pool', () => {
  const size = { cpu: 2, memory_gb: 4, gpu: 0 };
  const grown = [{ field: 'resource_source.cpu', before: 2, after: 3 }];
  const inGroup = { ...VERSION, resource_source: { kind: 'group', group: 'risk', ...size, cpu: 3 } };
  const back = { resource_source: { kind: 'group', group: 'risk', ...size } };
  expect(reversal(inGroup as unknown as Version, grown)).toEqual(back);
  const left = Object.entries({ group: 'risk', ...size }).map(([name, before]) => ({
    field: `resource_source.${name}`,
    before,
    after: null,
  }));
  const shared = [...left, { field: 'resource_source.spec', before: null, after: '2C4G' }];
  expect(reversal(VERSION, shared)).toEqual(back);
});

test('a model that became an image is a model again, and the other way round', () => {
  const image = { kind: 'image', image: 'wine:1', port: 8080 };
  const toImage: FieldChange[] = [
    { field: 'model_source.model', before: 'wine', after: null },
    { field: 'model_source.version', before: '3', after: null },
    { field: 'model_source', before: null, after: image },
  ];
  const model = { kind: 'mlflow', model: 'wine', version: '3', registry: null, follow: false };
  expect(reversal({ ...VERSION, model_source: image } as unknown as Version, toImage)).toEqual({
    model_source: model,
  });
  const toModel = toImage.map(({ field, before, after }) => ({ field, before: after, after: before }));
  expect(reversal(VERSION, toModel)).toEqual({ model_source: image });
  const port: FieldChange[] = [{ field: 'model_source.port', before: 8080, after: 9000 }];
  const now = { ...VERSION, model_source: { ...image, port: 9000 } } as unknown as Version;
  expect(reversal(now, port)).toEqual({ model_source: image });
});
