import { LogoutOutlined, UserOutlined } from '@ant-design/icons';
import { useSession, useSignOut } from '@/api';
import { MenuButton } from '@/components/menu/MenuButton';
import { useTexts } from '@/i18n';

/** Who is signed in, what they may do, and the way out. */
export function UserMenu() {
  const t = useTexts().shell;
  const session = useSession();
  const signOut = useSignOut();
  const roles = Object.entries(session.roles).map(([project, role]) => t.roleIn(t.roles[role], project));
  const who = [session.is_admin ? t.administrator : null, ...roles].filter((line) => line !== null);
  return (
    <MenuButton
      type="text"
      icon={<UserOutlined />}
      aria-label={t.user(session.user)}
      menu={{
        items: [
          {
            key: 'who',
            type: 'group',
            label: (
              <>
                <strong>{session.user}</strong>
                {who.map((line) => (
                  <div key={line}>{line}</div>
                ))}
                <div>{t.release(session.version)}</div>
              </>
            ),
          },
          { type: 'divider' },
          { key: 'out', icon: <LogoutOutlined />, label: t.signOut },
          { key: 'everywhere', icon: <LogoutOutlined />, label: t.signOutEverywhere },
        ],
        onClick: ({ key }) => signOut.mutate({ everywhere: key === 'everywhere' }),
      }}
    >
      {session.user}
    </MenuButton>
  );
}
