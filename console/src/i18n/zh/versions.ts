import type { versions as en } from '../en/versions';

export const versions: typeof en = {
  title: '服务版本',
  version: '服务版本',
};
