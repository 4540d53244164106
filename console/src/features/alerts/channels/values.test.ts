import { expect, test } from 'vitest';
import type { Channel, KindForm } from './queries';
import { channelOf, channelValues, secretOf } from './values';

const text = { en: '', zh: '' };
const field = (name: string, type: string, isSecret = false) => ({
  name,
  type,
  is_secret: isSecret,
  is_required: true,
  help: text,
});
const WEBHOOK = {
  kind: 'webhook',
  name: text,
  help: text,
  needs_secret: true,
  per_minute: 120,
  takes_digests: true,
  fields: [
    field('url', 'text'),
    field('headers', 'map'),
    field('mentions', 'list'),
    field('port', 'number'),
    field('secret', 'text', true),
  ],
} as unknown as KindForm;

test('fields of a kind become options and a secret of that kind', () => {
  const typed = {
    ...channelValues(null, 'risk', 'zh', WEBHOOK),
    name: 'team ',
    options: { url: ' https://h ', headers: 'X-A = b=c\n', mentions: 'a\n\nb', port: 25 },
    data: { secret: 'whsec_x' },
  };
  expect(secretOf(typed, WEBHOOK)).toMatchObject({
    name: 'team-webhook',
    project: 'risk',
    kind: 'webhook',
    data: { secret: 'whsec_x' },
  });
  expect(channelOf(typed, WEBHOOK, 'team-webhook')).toMatchObject({
    options: { url: 'https://h', headers: { 'X-A': 'b=c' }, mentions: ['a', 'b'], port: 25 },
    secret: 'team-webhook',
    language: 'zh',
    route: { min_severity: 'warning', matchers: [], send_resolved: true },
  });
});

test('an edit begins with what there is and keeps the secret', () => {
  const there = {
    name: 'team',
    project: null,
    kind: 'webhook',
    options: { url: 'https://h', headers: { a: 'b' }, mentions: ['x', 'y'] },
    secret: 'k',
    language: 'en',
    time_zone: 'UTC',
    paused: true,
    route: {
      min_severity: 'critical',
      matchers: [{ name: 'service', value: 'wine' }],
      repeat_interval: 'PT1H',
    },
  } as unknown as Channel;
  const values = channelValues(there, '', 'zh', WEBHOOK);
  expect(values).toMatchObject({ credentials: 'existing', options: { headers: 'a = b', mentions: 'x\ny' } });
  expect(secretOf(values, WEBHOOK)).toBeNull();
  expect(channelOf(values, WEBHOOK, values.secret)).toMatchObject({
    options: there.options,
    secret: 'k',
    paused: true,
    route: { min_severity: 'critical', matchers: [{ name: 'service', value: 'wine' }] },
  });
});
