import { useState } from 'react';

/** What is being typed; begins anew when `value`, which it is asked for by, becomes another. */
export function useDraft(value: string) {
  const [known, setKnown] = useState(value);
  const [draft, setDraft] = useState(value);
  if (known !== value) {
    setKnown(value);
    setDraft(value);
  }
  return [draft, setDraft] as const;
}
