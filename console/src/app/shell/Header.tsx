import { SearchOutlined } from '@ant-design/icons';
import { Button, Layout, theme } from 'antd';
import { useTexts } from '@/i18n';
import { LanguageSwitch } from './LanguageSwitch';
import { LiveIndicator } from './LiveIndicator';
import { ThemeSwitch } from './ThemeSwitch';
import { UserMenu } from './UserMenu';

export function Header({ openPalette }: { openPalette: () => void }) {
  const t = useTexts().shell;
  const { token } = theme.useToken();
  return (
    <Layout.Header className="shell-header" style={{ background: token.colorBgContainer }}>
      <Button icon={<SearchOutlined />} onClick={openPalette} aria-keyshortcuts="Control+K">
        {t.palette} <kbd>Ctrl K</kbd>
      </Button>
      <span style={{ flex: 1 }} />
      <LiveIndicator />
      <LanguageSwitch />
      <ThemeSwitch />
      <UserMenu />
    </Layout.Header>
  );
}
