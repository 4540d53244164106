import type { publish as en } from '../en/publish';

export const publish: typeof en = {
  title: '新建服务',
};
