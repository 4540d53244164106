/** How a stretch of a line looks. Colours are one of the terminal's sixteen by name, or `#rrggbb`. */
export interface Look {
  readonly color?: string;
  readonly background?: string;
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isItalic?: boolean;
  readonly isUnderlined?: boolean;
}

export interface Stretch {
  readonly text: string;
  readonly look: Look;
  readonly isHit?: boolean;
}

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const COLORS = [...NAMES, ...NAMES.map((name) => `bright-${name}`)];
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ESCAPE = /\u001b(?:\[([0-9;:?]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would not show either
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** A line as a terminal shows it: stretches of text with their looks; every other sequence is left out. */
export function parseAnsi(line: string): Stretch[] {
  if (!line.includes('\u001b')) return [{ text: line.replace(CONTROL, ''), look: {} }];
  const found: Stretch[] = [];
  let look: Look = {};
  let at = 0;
  const push = (text: string) => {
    const shown = text.replace(CONTROL, '');
    if (shown !== '') found.push({ text: shown, look });
  };
  for (const match of line.matchAll(ESCAPE)) {
    push(line.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === 'm') look = applied(look, (match[1] ?? '').split(/[;:]/).map(Number));
  }
  push(line.slice(at));
  return found;
}

function applied(before: Look, codes: number[]): Look {
  let look = before;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(index + 1));
      index += used;
      if (color !== null) look = { ...look, [code === 38 ? 'color' : 'background']: color };
    } else look = appliedOne(look, code);
  }
  return look;
}

function appliedOne(look: Look, code: number): Look {
  if (code === 0) return {};
  if (code === 1) return { ...look, isBold: true };
  if (code === 2) return { ...look, isDim: true };
  if (code === 3) return { ...look, isItalic: true };
  if (code === 4) return { ...look, isUnderlined: true };
  if (code === 22) return { ...look, isBold: false, isDim: false };
  if (code === 23) return { ...look, isItalic: false };
  if (code === 24) return { ...look, isUnderlined: false };
  if (code === 39) return without(look, 'color');
  if (code === 49) return without(look, 'background');
  const color = named(code, 30, 90);
  if (color !== undefined) return { ...look, color };
  const background = named(code, 40, 100);
  return background === undefined ? look : { ...look, background };
}

function named(code: number, plain: number, bright: number): string | undefined {
  if (code >= plain && code < plain + 8) return COLORS[code - plain];
  return code >= bright && code < bright + 8 ? COLORS[code - bright + 8] : undefined;
}

function without(look: Look, key: 'color' | 'background'): Look {
  const { [key]: _, ...rest } = look;
  return rest;
}

/** A colour of 256 or of 16 million, and how many codes it took. */
function extended([kind, ...rest]: number[]): [color: string | null, used: number] {
  if (kind === 5) return [indexed(rest[0] ?? 0), 2];
  if (kind === 2) return [hex(rest[0] ?? 0, rest[1] ?? 0, rest[2] ?? 0), 4];
  return [null, 1];
}

function indexed(index: number): string | null {
  if (index < 16) return COLORS[index] ?? null;
  if (index > 255) return null;
  if (index >= 232) return hex(...(Array(3).fill(8 + (index - 232) * 10) as [number, number, number]));
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40);
  const cube = index - 16;
  return hex(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

function hex(...parts: [number, number, number]): string {
  return `#${parts.map((part) => Math.min(255, part).toString(16).padStart(2, '0')).join('')}`;
}

/** Marks where `words` stand, in any case, also across changes of looks. */
export function markHits(stretches: readonly Stretch[], words: string): readonly Stretch[] {
  const wanted = words.toLowerCase();
  if (wanted === '') return stretches;
  const whole = stretches.map(({ text }) => text).join('');
  const hits = occurrences(whole.toLowerCase(), wanted);
  if (hits.length === 0) return stretches;
  let start = 0;
  return stretches.flatMap((stretch) => {
    const cut = cutAt(stretch, start, hits, wanted.length);
    start += stretch.text.length;
    return cut;
  });
}

function occurrences(text: string, wanted: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) found.push(at);
  return found;
}

function cutAt(stretch: Stretch, start: number, hits: readonly number[], length: number): Stretch[] {
  const end = start + stretch.text.length;
  const parts: Stretch[] = [];
  let at = start;
  const push = (to: number, isHit: boolean) => {
    if (to > at) parts.push({ ...stretch, text: stretch.text.slice(at - start, to - start), isHit });
    at = Math.max(at, to);
  };
  for (const hit of hits) {
    if (hit >= end || hit + length <= start) continue;
    push(Math.max(hit, start), false);
    push(Math.min(hit + length, end), true);
  }
  push(end, false);
  return parts;
}
