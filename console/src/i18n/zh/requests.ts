import type { requests as en } from '../en/requests';

export const requests: typeof en = {
  title: '请求与推理表',
  request: '请求',
};
