import type { resources as en } from '../en/resources';

export const resources: typeof en = {
  title: '资源',
  group: '资源组',
};
