import { DesktopOutlined, MoonOutlined, SunOutlined } from '@ant-design/icons';
import { MenuButton } from '@/components/menu/MenuButton';
import { useTexts } from '@/i18n';
import { type ThemeChoice, useTheme } from '../theme';

const ICONS = { light: <SunOutlined />, dark: <MoonOutlined />, system: <DesktopOutlined /> };
const CHOICES: readonly ThemeChoice[] = ['light', 'dark', 'system'];

export function ThemeSwitch() {
  const t = useTexts().shell.theme;
  const { choice, choose } = useTheme();
  return (
    <MenuButton
      type="text"
      icon={ICONS[choice]}
      aria-label={t.title}
      menu={{
        selectable: true,
        selectedKeys: [choice],
        items: CHOICES.map((key) => ({ key, icon: ICONS[key], label: t[key] })),
        onClick: ({ key }) => choose(key as ThemeChoice),
      }}
    />
  );
}
