const MOST_CHARACTERS = 120;

/** A value of a row as text; null is a dash. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The same on one line of a table. */
export function shortened(value: unknown): string {
  const text = shown(value).replaceAll(/\s+/g, ' ');
  const characters = text.length > MOST_CHARACTERS ? Array.from(text.slice(0, 2 * MOST_CHARACTERS + 2)) : [];
  return characters.length > MOST_CHARACTERS ? `${characters.slice(0, MOST_CHARACTERS).join('')}…` : text;
}

/** Whether rows can be ordered by a column of this type: lists and structures have no order. */
export function hasOrder(type: string): boolean {
  return !/^(ARRAY|MAP|STRUCT)/i.test(type);
}

export function isNumber(type: string): boolean {
  return /^(BIGINT|INT|SMALLINT|TINYINT|DOUBLE|FLOAT|DECIMAL)/i.test(type);
}

const FIRST = 30;
const IDENTITY = ['request_time', 'client_request_id', 'request_id', 'row_index'];
const ABOUT_LABELS = ['labelled_at', 'label_received_at', 'label_revision'];

/** Which row it is, what was predicted and what was true come first, where a table has predictions. */
function inReadingOrder(all: readonly string[]): readonly string[] {
  const isAnswer = (name: string) =>
    /^(prediction|label)($|_)/.test(name) && !ABOUT_LABELS.includes(name) && name !== 'prediction_json';
  if (!all.some((name) => /^prediction($|_)/.test(name))) return all;
  const first = [...IDENTITY.filter((name) => all.includes(name)), ...all.filter(isAnswer)];
  return [...first, ...all.filter((name) => !first.includes(name))];
}

/** The columns to show: those that were chosen and are there, else the first ones; wide tables have a thousand. */
export function chosenColumns(chosen: readonly string[], all: readonly string[]): string[] {
  const known = chosen.filter((name) => all.includes(name));
  return known.length > 0 ? known : inReadingOrder(all).slice(0, FIRST);
}
