import type { en } from './en';
import { common } from './zh/common';
import { components } from './zh/components';
import { services } from './zh/services';
import { shell } from './zh/shell';

export const zh: typeof en = {
  common,
  components,
  services,
  shell,
};
