import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';
import { sourcesHash } from './sources.ts';

/** Writes `manifest.json` into the bundle: the hash of the sources it was made from, and of each file in it. */
export function manifest(): Plugin {
  let root = '';
  return {
    name: 'penstock-manifest',
    apply: 'build',
    configResolved(config) {
      root = config.root;
    },
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files: Record<string, string> = {};
        for (const name of Object.keys(bundle).sort()) {
          const output = bundle[name];
          if (output === undefined) continue;
          const content = output.type === 'chunk' ? output.code : output.source;
          files[name] = createHash('sha256').update(content).digest('hex');
        }
        const source = `${JSON.stringify({ sources: sourcesHash(root), files }, null, 1)}\n`;
        this.emitFile({ type: 'asset', fileName: 'manifest.json', source });
      },
    },
  };
}
