import { Outlet } from '@tanstack/react-router';
import { Layout } from 'antd';
import { useState } from 'react';
import { useChanges } from '@/api';
import { useTexts } from '@/i18n';
import { CommandPalette } from './CommandPalette';
import { Header } from './Header';
import { SideMenu } from './SideMenu';
import './shell.css';

/** Menu and header around a page. */
export function Shell() {
  useChanges();
  const t = useTexts().shell;
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  return (
    <Layout className="shell">
      <button type="button" className="skip-link" onClick={focusContent}>
        {t.skipToContent}
      </button>
      <Layout.Sider className="shell-side" collapsible breakpoint="lg" width={208} theme="light">
        <SideMenu />
      </Layout.Sider>
      <Layout>
        <Header openPalette={() => setPaletteOpen(true)} />
        <Layout.Content className="shell-content" id="content" tabIndex={-1} role="main">
          <Outlet />
        </Layout.Content>
      </Layout>
      <CommandPalette isOpen={isPaletteOpen} setOpen={setPaletteOpen} />
    </Layout>
  );
}

/** A button, as the address's hash belongs to the router. */
function focusContent(): void {
  document.getElementById('content')?.focus();
}
