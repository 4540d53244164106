import type { events as en } from '../../en/service/events';

export const events: typeof en = {
  title: '事件',
  level: '级别',
  levels: { info: '信息', warning: '警告', error: '错误' },
  kind: '类型',
  kinds: { service: '服务组', version: '服务版本', pod: '实例' },
  lastSeen: '最近出现',
  firstSeen: '首次出现',
  reason: '原因',
  message: '内容',
  count: '次数',
  next: '下一步',
  filterVersion: '全部服务版本',
  filterLevels: '全部级别',
  filterKinds: '全部类型',
  filterText: '原因、名称或内容',
  emptyTitle: '暂无事件',
  emptyHint: '该服务组的启动、更新、重启与失败等事件会列在这里。',
  emptyFiltered: '没有符合筛选条件的事件',
  clearFilters: '清除筛选',
};
