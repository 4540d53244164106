import { expect, test } from 'vitest';
import { fits, isOfKind, kindsOf } from './capacity';

const SLICE = 'NVIDIA H200 MIG 1g.18gb';

test.each([
  ['NVIDIA H200', 'h200', true],
  ['NVIDIA A100-SXM4-40GB', 'A100', true],
  ['NVIDIA A100-SXM4-40GB', 'A10', false],
  ['NVIDIA GH200 480GB', 'H200', false],
  [SLICE, 'MIG 1g.18gb', true],
  [SLICE, 'H200', false],
  [SLICE, '1g.1', false],
  [null, 'H200', false],
  ['NVIDIA H200', ' ', false],
])('%s is a GPU %s: %s', (kind, wanted, isMeant) => {
  expect(isOfKind(kind, wanted)).toBe(isMeant);
});

test('a pod has no room where GPUs of another kind are free', () => {
  const kinds = [
    { kind: 'NVIDIA H200', gpu: 1, free: 0 },
    { kind: 'NVIDIA A10', gpu: 1, free: 1 },
    { kind: null, gpu: 1, free: 1 },
  ];
  const free = { cpu: 8, memory_gb: 16, gpu: 2 };
  const pod = { cpu: 1, memory_gb: 1, gpu: 1 };
  expect(fits({ ...pod, gpu_kind: 'H200' }, free, kinds)).toBe(false);
  expect(fits({ ...pod, gpu_kind: 'A10' }, free, kinds)).toBe(true);
  expect(fits({ ...pod, gpu: 2, gpu_kind: 'A10' }, free, kinds)).toBe(false);
  expect(fits({ ...pod, gpu: 2, gpu_kind: null }, free, kinds)).toBe(true);
  const pool = { gpu_kinds: kinds } as unknown as Parameters<typeof kindsOf>[0][number];
  expect(kindsOf([pool, pool])).toEqual(['NVIDIA H200', 'NVIDIA A10']);
});
