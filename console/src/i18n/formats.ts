import { partsOf, secondsOf } from './durations';

/** How numbers, sizes and times are written in one language. */
export interface Formats {
  readonly locale: string;
  number(value: number, digits?: number): string;
  /** 0.125 → 12.5 % */
  percent(share: number): string;
  /** Powers of 1024. */
  bytes(value: number): string;
  /** Milliseconds; seconds from 1,000 on. */
  milliseconds(value: number): string;
  /** A span of time with its two largest units. */
  duration(seconds: number): string;
  /** An ISO-8601 duration as people write it, whole: `1 h`, `1 小时`; what is none stays as it is. */
  span(iso: string): string;
  /** A moment, in the browser's time zone, to the second. */
  dateTime(at: string | number | Date): string;
  time(at: string | number | Date): string;
  date(at: string | number | Date): string;
  /** 14:05, for the axis of a chart. */
  clock(at: Date): string;
  /** Day and month, for the axis of a chart. */
  day(at: Date): string;
  /** "3 minutes ago", "in 2 days". */
  relative(at: string | number | Date, now?: number): string;
  money(amount: number, currency: string): string;
}

const UNITS: [unit: 'day' | 'hour' | 'minute' | 'second', seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Kept: to make one takes longer than a cell of a table, to use it a thousandth of that. */
const writers = new Map<string, Intl.NumberFormat>();

function writer(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify([locale, options]);
  const found = writers.get(key) ?? new Intl.NumberFormat(locale, options);
  writers.set(key, found);
  return found;
}

export function formatsOf(locale: string): Formats {
  const number = (value: number, digits = 1) =>
    writer(locale, { maximumFractionDigits: digits }).format(value);
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const unit = (value: number, name: string) =>
    writer(locale, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 1 }).format(
      value,
    );
  return {
    locale,
    number,
    percent: (share) => percent.format(share),
    bytes: (value) => bytes(value, number),
    milliseconds: (value) =>
      value < 1000 ? unit(round(value), 'millisecond') : unit(value / 1000, 'second'),
    duration: (seconds) => duration(seconds, unit),
    span: (iso) => span(iso, locale),
    dateTime: (at) => dateTime.format(new Date(at)),
    time: (at) => time.format(new Date(at)),
    clock: (at) => clock.format(at),
    day: (at) => day.format(at),
    date: (at) => date.format(new Date(at)),
    relative: (at, now = Date.now()) => relativeTo((new Date(at).getTime() - now) / 1000, relative),
    money: (amount, currency) =>
      writer(locale, { style: 'currency', currency, maximumFractionDigits: 4 }).format(amount),
  };
}

function round(value: number): number {
  return value < 10 ? Math.round(value * 10) / 10 : Math.round(value);
}

function bytes(value: number, number: (value: number, digits?: number) => string): string {
  let rest = value;
  let step = 0;
  while (Math.abs(rest) >= 1024 && step < BINARY.length - 1) {
    rest /= 1024;
    step += 1;
  }
  return `${number(rest, rest < 10 && step > 0 ? 1 : 0)} ${BINARY[step]}`;
}

function duration(seconds: number, unit: (value: number, name: string) => string): string {
  if (Math.abs(seconds) < 60) return unit(round(seconds), 'second');
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [name, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(unit(count, name));
  }
  return parts.join(' ');
}

const SPANS = { D: 'day', H: 'hour', M: 'minute', S: 'second' } as const;

/** Number and unit stand apart in every language; a lone `m` would be a metre or a month. */
function span(iso: string, locale: string): string {
  const seconds = secondsOf(iso);
  if (seconds === null) return iso;
  const said = ([letter, count]: ReturnType<typeof partsOf>[number]) => {
    const unitDisplay = letter === 'M' ? 'short' : 'narrow';
    const form = writer(locale, {
      style: 'unit',
      unit: SPANS[letter],
      unitDisplay,
      maximumFractionDigits: 3,
    });
    const [unit] = form.formatToParts(count).filter(({ type }) => type === 'unit');
    const number = writer(locale, { maximumFractionDigits: 3 }).format(count);
    return `${number} ${unit?.value ?? ''}`;
  };
  return partsOf(seconds).map(said).join(' ');
}

function relativeTo(seconds: number, format: Intl.RelativeTimeFormat): string {
  const [name, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return format.format(Math.trunc(seconds / size), name);
}
