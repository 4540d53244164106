import { useState } from 'react';
import { type ApiError, asApiError } from '@/api';
import { type Answer, type DebugCall, sendDebug } from './queries';

/** One version's answer, or why there is none. */
export interface Outcome {
  readonly version: string;
  readonly answer?: Answer;
  readonly error?: ApiError;
}

/** Sends one body to one or two versions at once. */
export function useSend(service: string) {
  const [outcomes, setOutcomes] = useState<readonly Outcome[]>([]);
  const [isSending, setSending] = useState(false);
  const send = async (versions: readonly string[], call: Omit<DebugCall, 'version'>) => {
    setSending(true);
    setOutcomes(await Promise.all(versions.map((version) => sendOne(service, { ...call, version }))));
    setSending(false);
  };
  return { outcomes, isSending, send };
}

async function sendOne(service: string, call: DebugCall): Promise<Outcome> {
  try {
    return { version: call.version, answer: await sendDebug(service, call) };
  } catch (thrown) {
    return { version: call.version, error: asApiError(thrown) };
  }
}

/** `name: value` lines. */
export function readHeaders(text: string): Record<string, string> {
  const pairs = text.split('\n').flatMap((line) => {
    const at = line.indexOf(':');
    return at > 0 ? [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const] : [];
  });
  return Object.fromEntries(pairs);
}
