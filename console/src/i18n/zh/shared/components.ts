import type { components as en } from '../../en/shared/components';

export const components: typeof en = {
  copy: '复制',
  copied: '已复制',
  error: {
    retry: '重试',
    requestId: '请求 ID',
    sentence: (status) => {
      if (status === 0) return '控制面没有响应';
      return status === -1 ? '页面出错' : `控制面返回状态码 ${status}`;
    },
    next: {
      correct: '请修改后重试。',
      reload: '内容已被他人修改：请查看最新状态后再决定。',
      'sign-in': '请重新登录。',
      'ask-admin': '请联系项目管理员授予所需的角色。',
      wait: '可能会自行恢复，也可能需要平台运维人员处理；请稍后重试。',
      operator: '请将请求 ID 告知平台运维人员。',
    },
  },
  duration: {
    hint: '例如 30 min、6 h、1 d（或 30 分钟、6 小时、1 天），也可以是 PT6H。',
    wrong: '数字加单位：10 s、30 min、6 h、1 d',
  },
  asCode: '代码',
  nextStep: '下一步：',
  confirm: { typeName: (name) => `请输入 ${name} 以继续` },
  range: {
    title: '时间范围',
    '1h': '1 小时',
    '24h': '24 小时',
    '7d': '7 天',
    '15d': '15 天',
    '30d': '30 天',
    own: '自定义',
  },
  status: {
    draft: '草稿',
    starting: '启动中',
    running: '运行中',
    updating: '更新中',
    degraded: '降级',
    failed: '失败',
    stopping: '停止中',
    stopped: '已停止',
    Waiting: '等待中',
    Running: '运行中',
    Failed: '失败',
    Terminating: '终止中',
  },
  chart: {
    asTable: '表格视图',
    asChart: '图表视图',
    csv: '下载 CSV',
    time: '时间',
    empty: '该时间范围内没有数据',
    label: (title, lines) => `${title}图表，共 ${lines} 条曲线；数值可在表格视图中查看`,
  },
  pager: { title: '分页', first: '首页', previous: '上一页', next: '下一页' },
};
