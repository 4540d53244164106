import { common } from './en/common';
import { components } from './en/components';
import { services } from './en/services';
import { shell } from './en/shell';

/** What the shell and the home page say; the Chinese dictionary has the same type, so that a missing text does not compile. */
export const en = {
  common,
  components,
  services,
  shell,
};
