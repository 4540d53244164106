import type { platform as en } from '../en/platform';

export const platform: typeof en = {
  title: '平台',
};
