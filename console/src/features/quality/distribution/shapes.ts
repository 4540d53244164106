export interface Step {
  readonly from: number;
  readonly to: number;
  readonly y: number;
}

/** The upper edge of bars that stand side by side, as a path. */
export function outline(steps: readonly Step[]): string {
  const places = steps.map(({ from, to, y }) => `${at(from)} ${at(y)}H${at(to)}`);
  return `M${places.join('L')}`;
}

const at = (place: number) => Number(place.toFixed(1));

/** About so many round numbers of a range; two are its ends. Those at the ends do not reach beyond them. */
export function ticksOf(low: number, high: number, wanted: number) {
  const values = wanted <= 2 || !(high > low) ? [low, high] : roundNumbers(low, high, wanted);
  const edge = (high - low) * 0.04;
  return [...new Set(values)].map((value) => ({
    value,
    anchor:
      value - low < edge ? ('start' as const) : high - value < edge ? ('end' as const) : ('middle' as const),
  }));
}

function roundNumbers(low: number, high: number, wanted: number): number[] {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ?? raw;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}
