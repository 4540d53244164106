import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SOURCE = resolve(import.meta.dirname, '..');
const FLOORS = ['app', 'features', 'components', 'api'];

interface Import {
  readonly from: string;
  readonly to: string;
}

function files(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
}

function imports(): Import[] {
  return files().flatMap((name) => {
    const text = readFileSync(join(SOURCE, name), 'utf8');
    const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'((?:@\/|\.)[^']*)'/g)].map(
      (match) => match[1] ?? '',
    );
    return targets.map((target) => ({ from: name, to: within(name, target) }));
  });
}

function within(name: string, target: string): string {
  const path = target.startsWith('@/')
    ? target.slice(2)
    : relative(SOURCE, resolve(SOURCE, dirname(name), target));
  return path.replaceAll('\\', '/');
}

function floor(path: string): number {
  return FLOORS.indexOf(path.split('/')[0] ?? '');
}

const isTest = (one: Import) => one.from.startsWith('test/') || /\.test\.tsx?$/.test(one.from);

test('imports run one way: app, features, components, api', () => {
  const found = imports().filter((one) => !isTest(one));
  const upward = found.filter(({ from, to }) => floor(from) > floor(to) && floor(to) >= 0);
  expect(found.length).toBeGreaterThan(100);
  expect(upward).toEqual([]);
});

test('texts and the API know nothing of each other, and of nothing above', () => {
  const roots = ['i18n', 'api'];
  const outward = imports().filter(
    ({ from, to }) => roots.includes(from.split('/')[0] ?? '') && to.split('/')[0] !== from.split('/')[0],
  );
  expect(outward).toEqual([]);
});

test('a feature imports no other feature', () => {
  const across = imports().filter(({ from, to }) => {
    const [here, there] = [from.split('/'), to.split('/')];
    return here[0] === 'features' && there[0] === 'features' && here[1] !== there[1];
  });
  expect(across).toEqual([]);
});

const MOST_FILES = 12;

test('a folder holds so few files that a stranger finds the one that he looks for', () => {
  const counts = new Map<string, number>();
  for (const name of files()) counts.set(dirname(name), (counts.get(dirname(name)) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([]);
});
