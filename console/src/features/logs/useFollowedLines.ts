import { useCallback, useEffect, useState } from 'react';
import { type ApiError, asApiError, fetchApi, queryString } from '@/api';
import { gather, pause, readEvents } from '@/api/sse';
import { type Filters, lineQuery } from './address';
import { keyOf, type Line, path } from './queries';

export interface FollowedLines {
  /** Oldest first. */
  readonly lines: readonly Line[];
  readonly state: 'connecting' | 'following' | 'waiting';
  /** Why it does not follow now; it goes on trying. */
  readonly error: ApiError | null;
  /** Messages that the platform left out, as this page was too slow. */
  readonly dropped: number;
}

const MOST_LINES = 100_000;
const LINES_BEFORE = 500;
const GATHER_MS = 100;
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];
/** So many of the last lines are looked through for one that comes again after a lost connection. */
const REPEATED = 2_000;
const NOTHING: FollowedLines = { lines: [], state: 'connecting', error: null, dropped: 0 };

/** Lines as they are printed, after the last that were printed before. */
export function useFollowedLines(service: string, filters: Filters, isOn: boolean): FollowedLines {
  const [followed, setFollowed] = useState(NOTHING);
  const query = JSON.stringify(lineQuery(filters));
  const follow = useCallback(
    async (signal: AbortSignal) => {
      // A thousand lines a second draw the page ten times.
      const append = gather<Line>(GATHER_MS, (lines) => setFollowed((before) => withLines(before, lines)));
      const wanted = JSON.parse(query) as ReturnType<typeof lineQuery>;
      const position = { last: null as string | null };
      for (let failures = 0; !signal.aborted; failures += 1) {
        try {
          const from = position.last === null ? { lines: LINES_BEFORE } : { from: position.last };
          const search = queryString({ ...wanted, ...from, follow: true });
          const response = await fetchApi(`/api/v1${path(service)}${search}`, { signal });
          setFollowed((before) => ({ ...before, state: 'following', error: null }));
          failures = 0;
          for await (const event of readEvents(response.body as ReadableStream<Uint8Array>)) {
            if (event.event === 'dropped') setFollowed(withDropped(event.data));
            if (event.event === 'ended') break;
            if (event.event === 'dropped') continue;
            const line = JSON.parse(event.data) as Line;
            position.last = line.at;
            append(line);
          }
        } catch (thrown) {
          if (signal.aborted) return;
          setFollowed((before) => ({ ...before, state: 'waiting', error: asApiError(thrown) }));
        }
        await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? GATHER_MS, signal);
      }
    },
    [service, query],
  );
  useEffect(() => {
    setFollowed(NOTHING);
    if (!isOn) return;
    const stop = new AbortController();
    void follow(stop.signal);
    return () => stop.abort();
  }, [follow, isOn]);
  return followed;
}

/** With new lines at the end; those that came before a lost connection are not repeated. */
export function withLines(before: FollowedLines, lines: readonly Line[]): FollowedLines {
  const known = new Set(before.lines.slice(-REPEATED).map(keyOf));
  const added = lines.filter((line) => !known.has(keyOf(line)));
  const all = [...before.lines, ...added];
  return { ...before, lines: all.length > MOST_LINES ? all.slice(-MOST_LINES) : all };
}

function withDropped(data: string): (before: FollowedLines) => FollowedLines {
  const { messages } = JSON.parse(data) as { messages: number };
  return (before) => ({ ...before, dropped: messages });
}
