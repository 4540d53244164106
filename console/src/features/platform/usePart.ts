import { useQuery } from '@tanstack/react-query';
import { type Platform, platformQuery } from './queries';

/** The query, with one list of its answer as data. */
export function usePart<T>(part: (platform: Platform) => readonly T[]) {
  const query = useQuery(platformQuery);
  return { ...query, data: query.data && part(query.data) };
}
