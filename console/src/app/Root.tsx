import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { Spin } from 'antd';
import { lazy, Suspense, useEffect } from 'react';
import { asApiError, sessionQuery, useIsSessionEnded } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { isLanguage, useI18n } from '@/i18n';
import { Shell } from './shell/Shell';

const SessionEnded = lazy(async () => ({ default: (await import('./sign-in/SessionEnded')).SessionEnded }));
const SignInPage = lazy(async () => ({ default: (await import('./sign-in/SignInPage')).SignInPage }));

/** The sign-in page or the shell, by whether somebody is signed in; the address stays as it is. */
export function Root() {
  useLanguageOfAddress();
  const { data: session, error, isPending, refetch } = useQuery(sessionQuery);
  const isEnded = useIsSessionEnded();
  if (isPending) return <Spin fullscreen />;
  if (error !== null && !session) {
    return (
      <main style={{ maxWidth: 640, margin: '15vh auto', padding: 16 }}>
        <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />
      </main>
    );
  }
  if (!session) {
    return (
      <Suspense fallback={<Spin fullscreen />}>
        <SignInPage />
      </Suspense>
    );
  }
  return (
    <>
      <Shell />
      <Suspense>{isEnded && <SessionEnded />}</Suspense>
    </>
  );
}

function useLanguageOfAddress(): void {
  const lang = useSearch({ from: '__root__', select: (search) => search.lang });
  const { language, setLanguage } = useI18n();
  useEffect(() => {
    if (isLanguage(lang) && lang !== language) setLanguage(lang);
    // Only a new address decides; a choice in the header writes the address itself.
  }, [lang, language, setLanguage]);
}
