import type { models as en } from '../en/models';

export const models: typeof en = {
  title: '模型',
  model: '模型',
};
