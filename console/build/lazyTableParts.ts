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

/** Asked for by `rowSelection` alone, which no table here has: it brings check boxes, radio buttons, menus and trees. */
const SELECTION = /(^|\/)useSelection$/;
const NO_SELECTION = '\0no-table-selection';
const NOTHING_SELECTED = `
  export const SELECTION_COLUMN = {};
  export const SELECTION_ALL = 'SELECT_ALL';
  export const SELECTION_INVERT = 'SELECT_INVERT';
  export const SELECTION_NONE = 'SELECT_NONE';
  const found = [(columns) => columns, new Set()];
  export default (_config, rowSelection) => {
    if (rowSelection) throw new Error('rowSelection is not in the bundle: see build/lazyTableParts.ts');
    return found;
  };`;

/**
 * Loads the pager and the filter menus of tables when a table has them, and leaves the selection of rows out: they bring
 * selects, trees and radio buttons, a tenth of the first load. In the bundle only: tests and the development server have
 * Ant Design as it is.
 */
export function lazyTableParts(): Plugin {
  return {
    name: 'penstock-lazy-table-parts',
    apply: 'build',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (SELECTION.test(source) && importer?.includes('/antd/es/table/')) return NO_SELECTION;
      const part = PARTS[source];
      if (part === undefined || importer === undefined || !part.from.test(importer)) return null;
      const real = await this.resolve(source, importer, { skipSelf: true });
      return real === null ? null : `${LAZY}${source}|${real.id}`;
    },
    load(id) {
      if (id === NO_SELECTION) return NOTHING_SELECTED;
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
