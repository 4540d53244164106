import type { review as en } from '../../en/shared/review';

export const review: typeof en = {
  title: '变更预览',
  field: '字段',
  before: '当前',
  after: '变更后',
  notSet: '未设置',
  nothing: '没有任何变化。',
  replacesPods: '实例将被替换：新实例在旧实例旁启动，就绪前由旧实例继续服务，不会有请求失败。',
  keepsPods: '实例保持不变。',
  apply: '应用',
  conflictTitle: '内容已被他人修改',
  conflictHint: '在您编辑期间，以下字段已被修改。您的修改没有丢失，请选择如何继续。',
  opened: '开始编辑时',
  theirs: '当前',
  yours: '您的修改',
  untouched: '您未修改',
  keepMine: '用我的修改覆盖',
  keepMineHint: '您未改动的字段保持当前值。',
  keepMineAllHint: '“我的修改”包括表单中的全部字段。',
  takeTheirs: '放弃我的修改，采用当前内容',
};
