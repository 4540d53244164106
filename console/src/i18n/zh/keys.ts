import type { keys as en } from '../en/keys';

export const keys: typeof en = {
  title: 'API 密钥',
};
