import { App as AntApp, ConfigProvider, type ThemeConfig, theme } from 'antd';
import enGB from 'antd/locale/en_GB';
import zhCN from 'antd/locale/zh_CN';
import dayjs from 'dayjs';
import 'dayjs/locale/en-gb';
import 'dayjs/locale/zh-cn';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import { useTheme } from './theme';
import { DARK, LIGHT } from './tokens';

const LOCALES = { en: enGB, zh: zhCN };
const DAYJS = { en: 'en-gb', zh: 'zh-cn' };
/** Ant Design in the current language and theme. */
export function DesignProvider({ children }: { children: ReactNode }) {
  const { language } = useI18n();
  const { isDark } = useTheme();
  dayjs.locale(DAYJS[language]);
  return (
    <ConfigProvider
      locale={LOCALES[language]}
      // A name that is read out must be the text that is seen: no blank between two Chinese characters.
      button={{ autoInsertSpace: false }}
      theme={withMotion(isDark ? { algorithm: theme.darkAlgorithm, ...DARK } : LIGHT)}
    >
      <AntApp component={false}>{children}</AntApp>
    </ConfigProvider>
  );
}

/** Nothing moves for who asked the system for that. */
function withMotion(looks: ThemeConfig): ThemeConfig {
  const isStill = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  return { ...looks, token: { ...looks.token, motion: !isStill } };
}
