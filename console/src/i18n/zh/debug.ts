import type { debug as en } from '../en/debug';

export const debug: typeof en = {
  title: '调试',
};
