import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { fetchApi } from './client';
import { gather, pause, readEvents } from './sse';

export type ChangeKind =
  | 'service'
  | 'version'
  | 'pods'
  | 'traffic'
  | 'key'
  | 'node'
  | 'group'
  | 'spec'
  | 'project'
  | 'member'
  | 'user'
  | 'token'
  | 'secret'
  | 'destination'
  | 'channel'
  | 'silence'
  | 'maintenance'
  | 'alert'
  | 'monitor'
  | 'label_source'
  | 'erasure'
  | 'retraining'
  | 'retraining_trigger'
  | 'canary'
  | 'dead_letter';

/** What `GET /changes` says: that something is new, not what. */
export interface Change {
  readonly kind: ChangeKind;
  readonly name: string;
  readonly service: string | null;
  readonly revision: number | null;
}

/** What a query shows, as its `meta`: it is read anew when one of these kinds changes (of this service only). */
export interface Watched extends Record<string, unknown> {
  readonly kinds: readonly ChangeKind[];
  readonly service?: string;
}

declare module '@tanstack/react-query' {
  interface Register {
    queryMeta: Partial<Watched>;
  }
}

/** `useQuery({ …, meta: watch(['version', 'pods'], service) })`. */
export function watch(kinds: readonly ChangeKind[], service?: string): Watched {
  return service === undefined ? { kinds } : { kinds, service };
}

export function concerns(watched: Partial<Watched> | undefined, change: Change): boolean {
  if (!watched?.kinds?.includes(change.kind)) return false;
  const service = change.kind === 'service' ? change.name : change.service;
  return watched.service === undefined || service === null || watched.service === service;
}

export type LiveState = 'connecting' | 'live' | 'polling';

const POLL_MS = 10_000;
const GATHER_MS = 150;
/** The platform says something at least every 15 s: a stream that is silent for longer is dead, though open. */
const SILENCE_MS = 25_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];

const state = { current: 'connecting' as LiveState, listeners: new Set<() => void>() };

function setState(next: LiveState): void {
  if (state.current === next) return;
  state.current = next;
  for (const listener of state.listeners) listener();
}

/** Whether the page follows changes as they happen. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
    () => state.current,
  );
}

/** Follows the platform's changes as long as the page is open: used once, by the shell. */
export function useChanges(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const stop = new AbortController();
    void follow(queries, stop.signal);
    const poll = setInterval(() => {
      if (state.current === 'polling' && !document.hidden) readAnew(queries);
    }, POLL_MS);
    return () => {
      stop.abort();
      clearInterval(poll);
    };
  }, [queries]);
}

async function follow(queries: QueryClient, signal: AbortSignal): Promise<void> {
  const position = { last: null as string | null };
  for (let failures = 0; !signal.aborted; ) {
    const wasLive = await readOnce(queries, position, signal).catch(() => false);
    if (signal.aborted) return;
    failures = wasLive ? 0 : failures + 1;
    if (failures > 1) setState('polling');
    else if (state.current === 'live') setState('connecting');
    await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? POLL_MS, signal);
  }
}

/** Reads one connection to its end; whether it was ever live. */
async function readOnce(
  queries: QueryClient,
  position: { last: string | null },
  signal: AbortSignal,
): Promise<boolean> {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (position.last !== null) headers['Last-Event-ID'] = position.last;
  const silence = silenceWatch(signal);
  try {
    const response = await fetchApi('/api/v1/changes', { headers, signal: silence.signal });
    if (response.body === null) return false;
    const gathered = gatherer(queries);
    const wasPolling = state.current === 'polling';
    for await (const event of readEvents(response.body, silence.heard)) {
      position.last = event.id ?? position.last;
      if (event.event === 'change') gathered(JSON.parse(event.data) as Change);
      else if (event.event === 'reset' || wasPolling) readAnew(queries);
      setState('live');
    }
    return true;
  } finally {
    silence.stop();
  }
}

/** A signal that ends with `outer`, or once nothing was heard for `SILENCE_MS`. */
function silenceWatch(outer: AbortSignal) {
  const ended = new AbortController();
  let timer = setTimeout(() => ended.abort(), SILENCE_MS);
  return {
    signal: AbortSignal.any([outer, ended.signal]),
    heard() {
      clearTimeout(timer);
      timer = setTimeout(() => ended.abort(), SILENCE_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Gathers changes for a moment, so that a burst reads each query once. */
function gatherer(queries: QueryClient): (change: Change) => void {
  return gather(GATHER_MS, (changes) => {
    void queries.invalidateQueries({
      predicate: (query) => changes.some((one) => concerns(query.meta, one)),
    });
  });
}

function readAnew(queries: QueryClient): void {
  void queries.invalidateQueries({ predicate: (query: Query) => query.meta?.kinds !== undefined });
}
