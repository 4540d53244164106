import type { terminal as en } from '../../en/service/terminal';

export const terminal: typeof en = {
  title: '终端',
  of: (pod) => `${pod} 的终端`,
  back: '返回服务版本',
  connecting: '连接中',
  open: '已连接',
  ended: '已结束',
  refused: '被拒绝',
  exitCode: (code) => `命令已结束，退出码 ${code}。`,
  bySignal: (signal) => `命令被 ${signal} 终止。`,
  lost: '连接中断，会话已随之结束。',
  again: '重新连接',
  none: '该实例不提供终端',
  recorded: '本平台会录制此处的输出。',
  hint: '此处的操作会记入审计日志；只作用于该实例，并随其消失。',
};
