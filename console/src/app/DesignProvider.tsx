import { App as AntApp, ConfigProvider, theme } from 'antd';
import enGB from 'antd/locale/en_GB';
import zhCN from 'antd/locale/zh_CN';
import dayjs from 'dayjs';
import 'dayjs/locale/en-gb';
import 'dayjs/locale/zh-cn';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import { useTheme } from './theme';

const LOCALES = { en: enGB, zh: zhCN };
const DAYJS = { en: 'en-gb', zh: 'zh-cn' };
/** What the machine has: no font is ever fetched. */
const FONT = `system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif`;

/** Ant Design in the current language and theme. */
export function DesignProvider({ children }: { children: ReactNode }) {
  const { language } = useI18n();
  const { isDark } = useTheme();
  dayjs.locale(DAYJS[language]);
  return (
    <ConfigProvider
      locale={LOCALES[language]}
      button={{ autoInsertSpace: false }}
      theme={{
        algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: { fontFamily: FONT, colorPrimary: '#1668dc', borderRadius: 6 },
      }}
    >
      <AntApp component={false}>{children}</AntApp>
    </ConfigProvider>
  );
}
