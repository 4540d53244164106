import { expect, test } from 'vitest';
import type { Destination } from './queries';
import { definitionOf, newDestinationOf, secretOf, valuesOf } from './values';

const TYPED = {
  ...valuesOf(null, 'risk'),
  name: 'lake',
  url: 's3://lake/t ',
  accessKey: 'a',
  secretKey: 's',
};

test('new keys become a secret of the project, named after the destination', () => {
  expect(secretOf(TYPED)).toMatchObject({
    name: 'lake-keys',
    project: 'risk',
    kind: 's3',
    data: { access_key: 'a', secret_key: 's' },
  });
  expect(secretOf({ ...TYPED, sessionToken: 't' })?.data).toHaveProperty('session_token', 't');
  expect(secretOf({ ...TYPED, credentials: 'existing' })).toBeNull();
  expect(newDestinationOf(TYPED, 'lake-keys')).toMatchObject({
    name: 'lake',
    project: 'risk',
    url: 's3://lake/t',
    endpoint: null,
    secret: 'lake-keys',
  });
});

test('a folder has neither keys nor an endpoint, whatever was typed before', () => {
  const folder = { ...TYPED, url: 'file:///lake', endpoint: 'https://e' };
  expect(secretOf(folder)).toBeNull();
  expect(definitionOf(folder, 'lake-keys')).toMatchObject({ endpoint: null, secret: null });
});

test('a form begins with what there is; the installation is nobody’s project', () => {
  const there = {
    name: 'lake',
    project: null,
    url: 's3://lake',
    secret: 'k',
    endpoint: null,
    region: 'r',
    path_style: false,
  };
  const values = valuesOf(there as Destination, 'risk');
  expect(values).toMatchObject({ project: '', credentials: 'existing', secret: 'k', path_style: false });
  expect(definitionOf(values, values.secret)).toEqual({
    url: 's3://lake',
    endpoint: null,
    region: 'r',
    path_style: false,
    secret: 'k',
  });
});
