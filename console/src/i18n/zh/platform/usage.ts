import type { usage as en } from '../../en/platform/usage';

export const usage: typeof en = {
  title: '用量',
  empty: '这段时间没有运行',
  emptyHint: '实例从启动到结束计量；发布服务组后可在此看到时长。',
  groupBy: '按',
  groups: { service: '服务组', version: '服务版本', project: '项目', pod: '实例' },
  grain: '粒度',
  grains: { total: '合计', month: '月', day: '日' },
  period: '时段',
  podHours: '实例小时',
  cpuHours: '核小时',
  memoryHours: 'GiB 小时',
  gpuHours: 'GPU 小时',
  cost: '费用',
  csv: 'CSV',
};
