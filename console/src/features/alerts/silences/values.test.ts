import { expect, test } from 'vitest';
import {
  maintenanceOf,
  maintenanceValues,
  matchersOf,
  matchersText,
  newMaintenanceOf,
  silenceOf,
  silenceValues,
} from './values';

test('matchers are lines as on the command line, and come back the same', () => {
  const typed = 'service=wine\ncolumn=~alc.*\nkind!=drift\nslice!~a=b';
  const matchers = matchersOf(` ${typed.replace('=', ' = ')}\n\n`);
  expect(matchers?.[0]).toEqual({ name: 'service', value: 'wine', is_equal: true, is_regex: false });
  expect(matchers?.[3]).toEqual({ name: 'slice', value: 'a=b', is_equal: false, is_regex: true });
  expect(matchersText(matchers ?? [])).toBe(typed);
  expect(matchersOf('service')).toBeNull();
});

test('a silence ends so many hours from now, or when it is told', () => {
  const values = silenceValues(null, 'risk', 'service=wine');
  expect(silenceOf(values, 0)).toMatchObject({ ends_at: '1970-01-01T04:00:00.000Z' });
  expect(silenceOf({ ...values, hours: '', ends_at: '2030-01-01T00:00:00Z' }, 0).ends_at).toBe(
    '2030-01-01T00:00:00Z',
  );
  const later = silenceOf({ ...values, starts_at: '2030-01-01T00:00:00Z' }, 0);
  expect(later).toMatchObject({ starts_at: '2030-01-01T00:00:00Z', ends_at: '2030-01-01T04:00:00.000Z' });
});

test('maintenance is once or again and again, of a service, a project or everything', () => {
  const values = { ...maintenanceValues(null, 'service wine', 0), name: 'nightly ' };
  expect(newMaintenanceOf(values)).toMatchObject({ name: 'nightly', service: 'wine', project: null });
  expect(maintenanceOf(values)).toMatchObject({ ends_at: '1970-01-01T02:00:00.000Z' });
  expect(newMaintenanceOf({ ...values, scope: 'project risk', often: 'again' })).toEqual({
    name: 'nightly',
    service: null,
    project: 'risk',
    schedule: '0 2 * * *',
    duration: 'PT2H',
    starts_at: '1970-01-01T00:00:00.000Z',
    ends_at: null,
    comment: '',
  });
});
