import { expect, test } from 'vitest';
import { isGpuKind } from './gpuKind';

test.each([
  '',
  '  ',
  null,
  undefined,
  'H200',
  'MIG 1g.18gb',
  ' NVIDIA  H200 ',
  'A100 (80GB)',
  'a'.repeat(64),
])('%j may be a kind of GPU', (typed) => expect(isGpuKind(typed)).toBe(true));

test.each(['H200!', '-H200', 'H200,A100', 'H200_', 'a'.repeat(65), '型号'])('%j may not', (typed) =>
  expect(isGpuKind(typed)).toBe(false),
);
