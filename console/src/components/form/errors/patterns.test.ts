import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HEADER_NAME, VARIABLE_NAME } from './patterns';

const { schemas } = JSON.parse(readFileSync('../docs/openapi.json', 'utf8')).components;

test.each([
  ['NewService', 'sticky_header', HEADER_NAME],
  ['ServiceChange', 'sticky_header', HEADER_NAME],
])('%s.%s is as the API takes it', (schema, field, pattern) => {
  expect(schemas[schema].properties[field].anyOf[0].pattern).toBe(pattern.source);
});

test('a variable has the name that the API takes', () => {
  expect(schemas.NewVersion.properties.env.propertyNames.pattern).toBe(VARIABLE_NAME.source);
  expect(
    ['A', '_x1', 'PENSTOCK', '1A', 'A-B', 'PENSTOCK_X', ''].filter((name) => VARIABLE_NAME.test(name)),
  ).toEqual(['A', '_x1', 'PENSTOCK']);
});
