const ISO = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const SIZES = [604_800, 86_400, 3_600, 60, 1] as const;

/** Seconds of an ISO-8601 duration without years and months; null where it is none. */
export function secondsOf(duration: string): number | null {
  const match = ISO.exec(duration);
  if (match === null || match.slice(1).every((part) => part === undefined)) return null;
  return SIZES.reduce((sum, size, index) => sum + size * Number(match[index + 1] ?? 0), 0);
}

/** Units as people write them, in both languages; `m` is a minute, as nothing here lasts months. */
const UNITS: readonly (readonly [size: number, names: RegExp])[] = [
  [604_800, /^(w|wk|weeks?|周|星期)$/],
  [86_400, /^(d|days?|天|日)$/],
  [3_600, /^(h|hr|hrs|hours?|小时|时)$/],
  [60, /^(m|min|mins|minutes?|分钟|分)$/],
  [1, /^(s|sec|secs|seconds?|秒钟|秒)$/],
];

/** `1 h 30 min`, `2 d`, `30 分钟` or `PT1H` as the API takes it; null where it is none of these. */
export function isoDuration(typed: string): string | null {
  const text = typed.trim();
  if (secondsOf(text.toUpperCase()) !== null) return text.toUpperCase();
  const parts = [...text.toLowerCase().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+|[一-鿿]+)\s*/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text.toLowerCase()) return null;
  let seconds = 0;
  for (const [, count, name] of parts) {
    const unit = UNITS.find(([, names]) => names.test(name ?? ''));
    if (unit === undefined) return null;
    seconds += Number(count) * unit[0];
  }
  return isoOf(seconds);
}

/** What a form begins with: the same in words that `isoDuration` reads; what is no duration stays as it is. */
export function typedDuration(iso: string): string {
  const seconds = secondsOf(iso);
  if (seconds === null) return iso;
  return partsOf(seconds)
    .map(([letter, count]) => `${count} ${{ D: 'd', H: 'h', M: 'min', S: 's' }[letter]}`)
    .join(' ');
}

/** A duration's days, hours, minutes and seconds, those that are none left out; none at all is 0 s. */
export function partsOf(seconds: number): ['D' | 'H' | 'M' | 'S', number][] {
  let rest = Math.round(seconds * 1000) / 1000;
  const parts: ['D' | 'H' | 'M' | 'S', number][] = [];
  for (const [letter, size] of [['D', 86_400] as const, ['H', 3_600] as const, ['M', 60] as const]) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push([letter, count]);
  }
  rest = Math.round(rest * 1000) / 1000;
  return rest > 0 || parts.length === 0 ? [...parts, ['S', rest]] : parts;
}

function isoOf(seconds: number): string {
  const parts = partsOf(seconds);
  const days = parts.filter(([letter]) => letter === 'D');
  const times = parts.filter(([letter]) => letter !== 'D');
  const text = (of: typeof parts) => of.map(([letter, count]) => `${count}${letter}`).join('');
  return `P${text(days)}${times.length > 0 ? `T${text(times)}` : ''}`;
}
