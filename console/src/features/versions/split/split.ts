export type Weights = Readonly<Record<string, number>>;

/**
 * The split after one share was moved: whole numbers that sum to 100. The others keep their proportions; where they
 * have nothing, the first of them takes the rest.
 */
export function moveShare(weights: Weights, name: string, share: number): Weights {
  const others = Object.keys(weights).filter((other) => other !== name);
  if (others.length === 0) return { [name]: 100 };
  const own = Math.max(0, Math.min(100, Math.round(share)));
  const rest = 100 - own;
  const sum = others.reduce((total, other) => total + (weights[other] ?? 0), 0);
  const exact = others.map((other, index) =>
    sum > 0 ? (rest * (weights[other] ?? 0)) / sum : index === 0 ? rest : 0,
  );
  const shares = largestRemainder(exact, rest);
  const moved = Object.fromEntries(others.map((other, index) => [other, shares[index] ?? 0]));
  return Object.fromEntries(Object.keys(weights).map((one) => [one, one === name ? own : (moved[one] ?? 0)]));
}

/** Whole numbers that sum to `total`, as near to the exact ones as can be. */
function largestRemainder(exact: readonly number[], total: number): number[] {
  const floors = exact.map(Math.floor);
  let missing = total - floors.reduce((sum, one) => sum + one, 0);
  const byRemainder = exact
    .map((one, index) => ({ index, remainder: one - Math.floor(one) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder) {
    if (missing <= 0) break;
    floors[index] = (floors[index] ?? 0) + 1;
    missing -= 1;
  }
  return floors;
}

export function isSameSplit(one: Weights, other: Weights): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => (one[name] ?? 0) === (other[name] ?? 0));
}

/** `v1 90, v2 10` */
export function splitText(weights: Weights): string {
  return Object.entries(weights)
    .map(([name, share]) => `${name} ${share}`)
    .join(', ');
}

/** All of it to one version. */
export function allTo(name: string, names: readonly string[]): Weights {
  return Object.fromEntries(names.map((one) => [one, one === name ? 100 : 0]));
}
