import { createContext, useContext } from 'react';
import type { Summary } from '../queries';

/** Traffic of the services that are shown: news of it renders the cells that show it, not the table. */
export const Summaries = createContext<ReadonlyMap<string, Summary> | undefined>(undefined);

export function useSummary(service: string): Summary | undefined {
  return useContext(Summaries)?.get(service);
}
