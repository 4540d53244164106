/** `1 core`, `2 cores`, `0.5 cores`: the number is written as it is to be shown. */
export function counted(count: number | string, one: string, many = `${one}s`): string {
  return `${count} ${isOne(count) ? one : many}`;
}

/** Whether a word about so many stands in the singular. */
export function isOne(count: number | string): boolean {
  return String(count) === '1';
}
