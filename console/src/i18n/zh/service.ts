import type { service as en } from '../en/service';

export const service: typeof en = {
  title: '服务组',
  overview: '概览',
  settings: '设置',
};
