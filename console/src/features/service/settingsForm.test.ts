import { expect, test } from 'vitest';
import type { Service } from '@/api';
import { changeOf, parseTags, valuesOf } from './settingsForm';

const SERVICE = {
  description: 'wine',
  tags: { team: 'risk' },
  auth_enabled: true,
  sticky_header: null,
  cors: { allow_origins: ['https://a.example'], max_age_s: 5 },
  max_body_bytes: 2 * 1024 * 1024,
} as unknown as Service;

test('what was not touched is not in the body', () => {
  expect(changeOf(SERVICE, valuesOf(SERVICE))).toEqual({});
});

test('what was touched is, in the API’s own units', () => {
  const values = { ...valuesOf(SERVICE), tags: 'team: risk\nstage:  prod: eu', max_body_bytes: 0.5 };
  expect(changeOf(SERVICE, values)).toEqual({
    tags: { team: 'risk', stage: 'prod: eu' },
    max_body_bytes: 524_288,
  });
});

test('origins keep the other settings of cross-origin calls; none turns it off', () => {
  const values = valuesOf(SERVICE);
  expect(changeOf(SERVICE, { ...values, cors: { allow_origins: ['https://b.example'] } }).cors).toEqual({
    allow_origins: ['https://b.example'],
    max_age_s: 5,
  });
  expect(changeOf(SERVICE, { ...values, cors: { allow_origins: [] } })).toEqual({ cors: null });
});

test('a line that is no tag is named', () => {
  expect(parseTags('a: 1\nb').wrong).toBe('b');
});
