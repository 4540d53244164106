import { expect, test } from 'vitest';
import { en as pages } from './en.pages';
import { zh as zhPages } from './zh.pages';

test('one is one, also where the number is written already', () => {
  expect(pages.resources.groups.size('1', '2', '1')).toBe('1 core, 2 GiB, 1 GPU');
  expect(pages.resources.groups.size('0.5', '2', '0')).toBe('0.5 cores, 2 GiB, 0 GPUs');
  expect(pages.versions.group('boxes', 1, 2, 2, 'H200')).toBe('boxes: 1 core, 2 GiB, 2 GPUs H200');
  expect(pages.versionFields.free('1', '2', '1')).toBe('Free now: 1 core, 2 GiB, 1 GPU');
  expect(pages.tables.files('1', '2 MiB')).toBe('1 file, 2 MiB');
  expect(pages.accounting.missingTitle('1')).toBe('1 request is in no table and not on its way');
  expect(pages.accounting.missingTitle('2')).toBe('2 requests are in no table and not on their way');
});

test('Chinese counts GPUs as pieces', () => {
  expect(zhPages.resources.groups.size('1', '2', '1')).toBe('1 核，2 GiB，1 块 GPU');
  expect(zhPages.versions.group('boxes', 1, 2, 2, '')).toBe('boxes：1 核、2 GiB、2 块 GPU');
});
