import type { people as en } from '../en/people';

export const people: typeof en = {
  title: '人员与权限',
  project: '项目',
};
