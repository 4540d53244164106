import type { en } from './en';
import { services } from './zh/service/services';
import { common } from './zh/shared/common';
import { components } from './zh/shared/components';
import { shell } from './zh/shared/shell';

export const zh: typeof en = {
  common,
  components,
  services,
  shell,
};
