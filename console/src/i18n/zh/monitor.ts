import type { monitor as en } from '../en/monitor';

export const monitor: typeof en = {
  title: '监控',
};
