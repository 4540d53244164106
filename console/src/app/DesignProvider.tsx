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

/** Ant Design's own greys, green and blue are too faint to read on its backgrounds: these have a contrast of 4.5 and more. */
const LIGHT = {
  colorLink: '#0958d9',
  colorInfo: '#0958d9',
  colorSuccess: '#237804',
  colorWarning: '#ad4e00',
  colorError: '#cf1322',
  colorTextSecondary: 'rgba(0, 0, 0, 0.68)',
  colorTextTertiary: 'rgba(0, 0, 0, 0.62)',
  colorTextDescription: 'rgba(0, 0, 0, 0.62)',
  colorTextPlaceholder: 'rgba(0, 0, 0, 0.6)',
};
const DARK = {
  colorLink: '#69b1ff',
  colorTextTertiary: 'rgba(255, 255, 255, 0.65)',
  colorTextDescription: 'rgba(255, 255, 255, 0.65)',
  colorTextPlaceholder: 'rgba(255, 255, 255, 0.6)',
};
const SELECTED_IN_THE_DARK = '#91caff';
const DARK_PARTS = {
  Menu: {
    itemSelectedColor: SELECTED_IN_THE_DARK,
    itemHoverColor: SELECTED_IN_THE_DARK,
    itemColor: '#ffffffd9',
  },
  Tabs: { itemSelectedColor: SELECTED_IN_THE_DARK, itemHoverColor: SELECTED_IN_THE_DARK },
};

function withoutMotion(): boolean {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** Ant Design in the current language and theme. */
export function DesignProvider({ children }: { children: ReactNode }) {
  const { language } = useI18n();
  const { isDark } = useTheme();
  dayjs.locale(DAYJS[language]);
  return (
    <ConfigProvider
      locale={LOCALES[language]}
      theme={{
        algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: {
          fontFamily: FONT,
          colorPrimary: '#1668dc',
          borderRadius: 6,
          motion: !withoutMotion(),
          ...(isDark ? DARK : LIGHT),
        },
        components: isDark ? DARK_PARTS : {},
      }}
      // A name that is read out must be the text that is seen: no blank between two Chinese characters.
      button={{ autoInsertSpace: false }}
    >
      <AntApp component={false}>{children}</AntApp>
    </ConfigProvider>
  );
}
