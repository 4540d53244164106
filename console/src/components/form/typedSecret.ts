import { useRef } from 'react';
import { api, data, type Schemas } from '@/api';

type NewSecret = Schemas['NewSecret'];

const createSecret = (body: NewSecret) => data(api.POST('/api/v1/secrets', { body }));
const replaceSecret = ({ name, data: value }: NewSecret) =>
  data(api.PUT('/api/v1/secrets/{secret}', { params: { path: { secret: name } }, body: { data: value } }));

/**
 * Makes the secret that a form has fields of, before the thing that uses it; gives its name. A second try, after that
 * thing was refused, uses the secret of the first one, with what was typed since.
 */
export function useTypedSecret(): (secret: NewSecret) => Promise<string> {
  const made = useRef<NewSecret | null>(null);
  return async (secret) => {
    const before = made.current;
    if (before?.name !== secret.name) await createSecret(secret);
    else if (JSON.stringify(before.data) !== JSON.stringify(secret.data)) await replaceSecret(secret);
    made.current = secret;
    return secret.name;
  };
}
