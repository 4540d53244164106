import { expect, test } from 'vitest';
import { isoDuration, secondsOf, typedDuration } from './durations';
import { formatsOf } from './formats';

test('durations are read as the API writes them', () => {
  const read = ['PT10S', 'P1D', 'PT1H30M', 'PT0S', 'P1W', 'PT0.5S', '1 h', 'P', 'PT'].map(secondsOf);
  expect(read).toEqual([10, 86_400, 5_400, 0, 604_800, 0.5, null, null, null]);
});

test('a form takes both: as people write them, in both languages, and ISO-8601', () => {
  expect(
    ['1 h', '90min', '1h30m', '2 天', '1 小时 30 分钟', '1.5 h', '1 week', 'pt4h', '0 s'].map(isoDuration),
  ).toEqual(['PT1H', 'PT1H30M', 'PT1H30M', 'P2D', 'PT1H30M', 'PT1H30M', 'P7D', 'PT4H', 'PT0S']);
  expect(['', '1', 'soon', '1 fortnight', '0 2 * * *', 'P'].map(isoDuration)).toEqual(Array(6).fill(null));
});

test('what a form begins with comes back the same', () => {
  for (const iso of ['PT10S', 'PT30M', 'PT1H', 'PT1H30M', 'P1D', 'P1DT2H', 'P31D', 'PT0S', 'PT0.5S']) {
    expect(isoDuration(typedDuration(iso))).toBe(iso);
  }
  expect(typedDuration('0 2 * * *')).toBe('0 2 * * *');
});

test('a person reads them in his own language', () => {
  const [en, zh] = [formatsOf('en-US'), formatsOf('zh-CN')];
  expect(['PT1H', 'P1D', 'PT1H30M', 'PT10S', 'P7D'].map(en.span)).toEqual([
    '1 h',
    '1 d',
    '1 h 30 min',
    '10 s',
    '7 d',
  ]);
  expect(['PT1H', 'P1D', 'PT30M'].map(zh.span)).toEqual(['1 小时', '1 天', '30 分钟']);
  expect(en.span('0 2 * * *')).toBe('0 2 * * *');
});
