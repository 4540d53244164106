import type { Plugin } from 'vite';

const LAZY = '\0lazy-table-part:';

/** Parts of Ant Design's table that a table may never show, by how the table imports them, and what else they export. */
const PARTS: Record<string, { from: RegExp; also: string }> = {
  '../pagination': { from: /\/antd\/es\/table\/InternalTable\.js$/, also: '' },
  './FilterDropdown': {
    from: /\/antd\/es\/table\/hooks\/useFilter\/index\.js$/,
    also: `export const flattenKeys = (filters) =>
      (filters || []).flatMap(({ value, children }) => [value, ...(children ? flattenKeys(children) : [])]);`,
  },
};

/**
 * Loads the pager and the filter menus of tables when a table has them: they bring selects, trees and radio buttons, a
 * tenth of the first load. In the bundle only: tests and the development server have Ant Design as it is.
 */
export function lazyTableParts(): Plugin {
  return {
    name: 'penstock-lazy-table-parts',
    apply: 'build',
    enforce: 'pre',
    async resolveId(source, importer) {
      const part = PARTS[source];
      if (part === undefined || importer === undefined || !part.from.test(importer)) return null;
      const real = await this.resolve(source, importer, { skipSelf: true });
      return real === null ? null : `${LAZY}${source}|${real.id}`;
    },
    load(id) {
      if (!id.startsWith(LAZY)) return null;
      const [source = '', real = ''] = id.slice(LAZY.length).split('|');
      return `
        import { createElement, lazy, Suspense } from 'react';
        const Part = lazy(() => import(${JSON.stringify(real)}));
        ${PARTS[source]?.also ?? ''}
        export default (props) => createElement(Suspense, null, createElement(Part, props));`;
    },
  };
}
