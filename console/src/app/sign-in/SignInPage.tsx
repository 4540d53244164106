import { useQuery } from '@tanstack/react-query';
import { Button, Card, Divider } from 'antd';
import { asApiError, BASE, sessionOptionsQuery, useSignIn } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTitle } from '@/components/page/useTitle';
import { Muted } from '@/components/text/Muted';
import { useTexts } from '@/i18n';
import { LanguageSwitch } from '../shell/LanguageSwitch';
import { ThemeSwitch } from '../shell/ThemeSwitch';
import { TokenForm } from './TokenForm';
import { useLink } from './useLink';

/** Shown wherever nobody is signed in; the address stays, so that signing in leads to the page that was asked for. */
export function SignInPage() {
  const t = useTexts().shell.signIn;
  useTitle(t.title);
  const { data: options } = useQuery(sessionOptionsQuery);
  const link = useLink();
  const signIn = useSignIn();
  const error = signIn.error ?? link.error;
  return (
    <main style={{ maxWidth: 420, margin: '10vh auto', padding: 16 }}>
      <Card>
        <h1 style={{ fontSize: 22, marginTop: 0 }}>{t.title}</h1>
        {error !== null && <ErrorNotice error={asApiError(error)} />}
        {link.error !== null && <p>{t.linkFailed}</p>}
        {link.isPending ? (
          <p role="status">{t.withLink}</p>
        ) : (
          <TokenForm isBusy={signIn.isPending} submit={(token) => signIn.mutate({ token })} />
        )}
        {options?.oidc && (
          <>
            <Divider plain>{t.or}</Divider>
            <Button block href={BASE + options.oidc.url}>
              {t.oidc}
            </Button>
          </>
        )}
        <p style={{ marginBottom: 0 }}>
          <Muted>{t.linkHint}</Muted>
        </p>
      </Card>
      <div style={{ textAlign: 'center', marginTop: 12 }}>
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
    </main>
  );
}
