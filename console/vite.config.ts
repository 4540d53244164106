import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { lazyTableParts } from './build/lazyTableParts.ts';
import { manifest } from './build/manifest.ts';

const controlPlane = process.env.PENSTOCK_API ?? 'http://127.0.0.1:8000';

const tokenFile = `${process.env.PENSTOCK_HOME ?? '../.penstock'}/admin-token`;

/** For `npm run dev`: the administrator's token of a local platform, so that nobody needs to sign in. */
function developerToken(): string | null {
  const isWanted = process.env.PENSTOCK_SIGN_IN === undefined && existsSync(tokenFile);
  return isWanted ? readFileSync(tokenFile, 'utf8').trim() : null;
}

const vendors: [name: string, packages: RegExp][] = [
  [
    'react',
    /node_modules\/(react|react-dom|scheduler|@tanstack\/(history|query-core|react-query|react-router|react-store|router-core|store))\//,
  ],
  ['editor', /node_modules\/(@codemirror|@lezer|@marijn|style-mod|w3c-keyname|crelt)\//],
  ['charts', /node_modules\/uplot\//],
  ['terminal', /node_modules\/@xterm\//],
];

/** `features/logs/page.tsx` is `logs-page`: every feature has a page. */
function chunkName(module: string | null): string | undefined {
  const [, feature, name] = /\/features\/(\w+)\/(?:.*\/)?(\w+)\.tsx$/.exec(module ?? '') ?? [];
  return feature && `${feature}-${name}`;
}

export default defineConfig(({ command, mode }) => {
  const token = command === 'serve' && mode !== 'test' ? developerToken() : null;
  // The host stays the page's own: the control plane takes writes of a session from the same origin only.
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  const proxy = { '/api': { target: controlPlane, headers } };
  return {
    base: './',
    define: { 'import.meta.env.VITE_DEVELOPER': JSON.stringify(String(token !== null)) },
    resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
    plugins: [react(), lazyTableParts(), manifest()],
    build: {
      target: 'es2022',
      sourcemap: false,
      // Everything is a file of its own: the content security policy takes no script or font from within a page.
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 1200,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        // Ant Design's parts do nothing when they are imported, and do not say so: what a page does not use stays out of it.
        treeshake: {
          moduleSideEffects: [
            { test: /node_modules\/(@rc-component|@ant-design|@tanstack)\/.*\.js$/, sideEffects: false },
          ],
        },
        output: {
          chunkFileNames: (chunk) => `assets/${chunkName(chunk.facadeModuleId) ?? chunk.name}-[hash].js`,
          codeSplitting: {
            groups: vendors.map(([name, test]) => ({ name, test })),
          },
        },
      },
    },
    server: { proxy },
    preview: { proxy },
    test: {
      environment: 'happy-dom',
      globals: false,
      include: ['src/**/*.test.{ts,tsx}'],
      setupFiles: ['src/test/setup.ts'],
      // One process: the machines that run it have two cores, and starting more costs what it saves.
      pool: 'threads',
      maxWorkers: 1,
      isolate: false,
      css: false,
      // Typing into a page takes a second on a quiet machine, and several beside other tests.
      testTimeout: 30_000,
    },
  };
});
