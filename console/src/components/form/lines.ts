/** Lines of a text field, without those that are empty. */
export const linesOf = (typed: string): string[] =>
  typed
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/** Lines of `name = value`; a name alone has the value `lone` makes of it, by default none. */
export function pairsOf(typed: string, lone: (name: string) => string = () => ''): Record<string, string> {
  return Object.fromEntries(
    linesOf(typed).map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name.trim(), value.length > 0 ? value.join('=').trim() : lone(name.trim())];
    }),
  );
}

export const pairsText = (pairs: Readonly<Record<string, unknown>>): string =>
  Object.entries(pairs)
    .map(([name, value]) => `${name} = ${value}`)
    .join('\n');
