import { createContext, useContext } from 'react';

/** A version whose recorded requests masking can be tried on. */
export interface RecordedVersion {
  readonly service: string;
  readonly version: string;
}

const Recorded = createContext<RecordedVersion | null>(null);

export const RecordedRequests = Recorded.Provider;

/** The version to try on; null where nothing can have been recorded yet. */
export function useRecordedVersion(): RecordedVersion | null {
  return useContext(Recorded);
}
