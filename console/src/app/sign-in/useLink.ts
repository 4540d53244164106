import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useSignIn } from '@/api';

/** Signs in with the one-time link that the address holds, then goes home; the link leaves the address at once. */
export function useLink() {
  const link = useSearch({ from: '__root__', select: (search) => search.link });
  const navigate = useNavigate();
  const signIn = useSignIn();
  const used = useRef(false);
  useEffect(() => {
    if (typeof link !== 'string' || link === '' || used.current) return;
    used.current = true;
    signIn.mutate({ link });
    void navigate({ to: '/services', search: (search) => ({ ...search, link: undefined }), replace: true });
  }, [link, navigate, signIn]);
  return signIn;
}
