import { expect, test } from 'vitest';
import type { ColumnStatistics, Rule } from '../queries';
import { ofModel, suggested, watchesOf } from './suggestions';
import { definitionOf, newRuleOf, ruleValues } from './values';

const column = (name: string, type: string, nulls = 0, count = 100) =>
  ({ name, type, nulls, count }) as ColumnStatistics;

test('a click on a column makes a whole rule with a name that is free', () => {
  const acid = column('volatile acidity', 'DOUBLE');
  expect(watchesOf(acid)).toEqual(['drift', 'nulls', 'range']);
  expect(newRuleOf(suggested('drift', acid, ['drift-volatile-acidity']))).toMatchObject({
    name: 'drift-volatile-acidity-2',
    kind: 'drift',
    metric: 'psi',
    columns: ['volatile acidity'],
    warning: 0.1,
    critical: 0.25,
    baseline: { kind: 'training' },
  });
  expect(watchesOf(column('colour', 'STRING'))).toContain('new-values');
});

test('what is missing already is no alarm', () => {
  expect(suggested('nulls', column('a', 'DOUBLE'), [])).toMatchObject({ warning: 0.01, critical: 0.05 });
  const half = suggested('nulls', column('a', 'DOUBLE', 50, 50), []);
  expect(half.warning).toBeGreaterThan(0.5);
  expect(half.critical).toBeGreaterThan(half.warning ?? 1);
  expect(half.critical).toBeLessThan(1);
});

test('columns of the request are not watched', () => {
  expect(ofModel([column('pod', 'STRING'), column('alcohol', 'DOUBLE')]).map(({ name }) => name)).toEqual([
    'alcohol',
  ]);
});

test('a metric of the whole window has neither columns nor a baseline', () => {
  const values = ruleValues(null, { kind: 'service_quality', metric: 'error_rate', columns: ['a'] });
  expect(definitionOf(values)).toMatchObject({ columns: ['*'], baseline: null, outcome: {}, schedule: null });
});

test('an edit begins with what there is and gives back the same', () => {
  const rule = {
    ...definitionOf(ruleValues(null)),
    name: 'moved',
    baseline: { kind: 'table', location: 's3://b/t', start: null, end: null, weeks: null },
    window: 'P1D',
    schedule: 'PT6H',
    min_sample: 500,
    slice: 'region',
    delay: 'PT1M',
  } as unknown as Rule;
  expect(definitionOf(ruleValues(rule))).toMatchObject({
    baseline: rule.baseline,
    window: 'P1D',
    schedule: 'PT6H',
    min_sample: 500,
    slice: 'region',
  });
});
