import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a bundle is made from, below `console/`; `deploy/console.py` reads the same. */
export const SOURCES = [
  'build',
  'index.html',
  'package-lock.json',
  'package.json',
  'src',
  'tsconfig.json',
  'vite.config.ts',
];

/** SHA-256 over the sources' paths and contents, in the order of their paths. */
export function sourcesHash(root: string): string {
  const hash = createHash('sha256');
  for (const path of sourceFiles(root)) {
    const content = createHash('sha256').update(readFileSync(join(root, path)));
    hash.update(`${path}\n${content.digest('hex')}\n`);
  }
  return hash.digest('hex');
}

/** Files by their path with `/`, sorted by code point; tests and type declarations do not reach the bundle. */
export function sourceFiles(root: string): string[] {
  const found: string[] = [];
  const visit = (path: string, isFolder: boolean): void => {
    if (!isFolder) {
      found.push(path);
      return;
    }
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      visit(`${path}/${entry.name}`, entry.isDirectory());
    }
  };
  for (const name of SOURCES) visit(name, statSync(join(root, name)).isDirectory());
  return found.filter((path) => !/\.test\.tsx?$|^src\/test\//.test(path)).sort((a, b) => (a < b ? -1 : 1));
}
