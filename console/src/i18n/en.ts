import { services } from './en/service/services';
import { common } from './en/shared/common';
import { components } from './en/shared/components';
import { shell } from './en/shared/shell';

/** What the shell and the home page say; the Chinese dictionary has the same type, so that a missing text does not compile. */
export const en = {
  common,
  components,
  services,
  shell,
};
