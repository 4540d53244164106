import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { manifest } from './build/manifest.ts';

const controlPlane = process.env.PENSTOCK_API ?? 'http://127.0.0.1:8000';

/** For `npm run dev`: the administrator's token of a local platform, so that nobody needs to sign in. */
function developerHeaders(): Record<string, string> {
  const file = `${process.env.PENSTOCK_HOME ?? '../.penstock'}/admin-token`;
  return process.env.PENSTOCK_SIGN_IN === undefined && existsSync(file)
    ? { Authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` }
    : {};
}

const vendors: [name: string, packages: RegExp][] = [
  ['react', /node_modules\/(react|react-dom|scheduler|@tanstack)\//],
  ['editor', /node_modules\/(@codemirror|@lezer|@marijn|style-mod|w3c-keyname|crelt)\//],
  ['charts', /node_modules\/uplot\//],
  ['dayjs', /node_modules\/dayjs\//],
];

export default defineConfig({
  base: './',
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  plugins: [react(), manifest()],
  build: {
    target: 'es2022',
    sourcemap: false,
    // Everything is a file of its own: the content security policy takes no script or font from within a page.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: vendors.map(([name, test]) => ({ name, test })),
        },
      },
    },
  },
  server: {
    proxy: {
      '/api': { target: controlPlane, changeOrigin: true, headers: developerHeaders() },
    },
  },
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
  },
});
