import { oneOf, type SearchValues, text } from '@/components/page/useSearchState';

export const BYS = ['version', 'pod', 'none'] as const;
export const STEPS = ['auto', '10', '60', '300'] as const;

export const PARAMS = {
  by: oneOf(BYS, 'version'),
  step: oneOf(STEPS, 'auto'),
  version: text(),
  pod: text(),
};

export type MonitorSearch = SearchValues<typeof PARAMS>;
