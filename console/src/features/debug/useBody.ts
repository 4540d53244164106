import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { keepBody, keptBody } from './kept';
import { pastRequestQuery } from './queries';

/** The body as text, which the form and the editor both show: what was typed, a past request, or the model's example. */
export function useBody(service: string, request: string, example: string) {
  const [typed, setTyped] = useState(() => (request === '' ? keptBody(service) : undefined));
  const past = useQuery(pastRequestQuery(service, request));
  const found = past.data;
  useEffect(() => {
    if (found !== undefined) setTyped(tidy(found));
  }, [found]);
  const setBody = (body: string) => {
    keepBody(service, body);
    setTyped(body);
  };
  return { body: typed ?? example, setBody, error: past.error };
}

/** Indented, where it is JSON; numbers beyond what a browser holds are left as they are. */
export function tidy(text: string): string {
  if (/\d{16,}/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
