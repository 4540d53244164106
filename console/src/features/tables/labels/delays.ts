export interface DelayUnit {
  readonly symbol: string;
  readonly seconds: number;
}

const UNITS: readonly DelayUnit[] = [
  { symbol: 'd', seconds: 86_400 },
  { symbol: 'h', seconds: 3_600 },
  { symbol: 'min', seconds: 60 },
];
const SECONDS: DelayUnit = { symbol: 's', seconds: 1 };

/** The unit in which a chart with this longest delay has short numbers. */
export function delayUnit(longest: number): DelayUnit {
  return UNITS.find(({ seconds }) => longest >= 2 * seconds) ?? SECONDS;
}

/** A delay in a unit; null stays one. */
export function inUnit(delay: number | null | undefined, { seconds }: DelayUnit): number | null {
  return delay == null ? null : delay / seconds;
}
