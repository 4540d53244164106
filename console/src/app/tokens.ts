import type { ThemeConfig } from 'antd';

/** What the machine has: no font is ever fetched. */
const fontFamily = `system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif`;
const common = { fontFamily, borderRadius: 6, colorPrimary: '#1668dc' };

/** Text on its background has a contrast of at least 4.5, where Ant Design's own colours have less. */
export const LIGHT: ThemeConfig = {
  token: {
    ...common,
    colorLink: '#0958d9',
    colorInfo: '#0958d9',
    colorSuccess: '#237804',
    colorWarning: '#ad4e00',
    colorError: '#cf1322',
    // What Ant Design derives from these darker colours is too dark behind text.
    colorInfoBg: '#e6f4ff',
    colorInfoBorder: '#91caff',
    colorSuccessBg: '#f6ffed',
    colorSuccessBorder: '#b7eb8f',
    colorWarningBg: '#fffbe6',
    colorWarningBorder: '#ffe58f',
    colorErrorBg: '#fff2f0',
    colorErrorBorder: '#ffccc7',
    colorTextTertiary: 'rgba(0, 0, 0, 0.6)',
    colorTextDescription: 'rgba(0, 0, 0, 0.65)',
    colorTextPlaceholder: 'rgba(0, 0, 0, 0.6)',
  },
  components: { Menu: { itemSelectedColor: '#0958d9', horizontalItemSelectedColor: '#0958d9' } },
};

const PALE_BLUE = '#69b1ff';

export const DARK: ThemeConfig = {
  token: {
    ...common,
    colorLink: PALE_BLUE,
    colorInfo: PALE_BLUE,
    colorSuccess: '#73d13d',
    colorWarning: '#faad14',
    colorError: '#ff7875',
    colorTextTertiary: 'rgba(255, 255, 255, 0.6)',
    colorTextDescription: 'rgba(255, 255, 255, 0.65)',
    colorTextPlaceholder: 'rgba(255, 255, 255, 0.6)',
  },
  components: {
    Menu: { itemSelectedColor: PALE_BLUE, horizontalItemSelectedColor: PALE_BLUE },
    Tabs: { itemSelectedColor: PALE_BLUE, itemHoverColor: PALE_BLUE },
    Dropdown: { colorPrimary: PALE_BLUE },
    Button: { dangerColor: '#000' },
  },
};
