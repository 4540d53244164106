import { expect, test } from 'vitest';
import { markHits, parseAnsi } from './ansi';

const ESC = '\u001b';

test('a plain line is one stretch', () => {
  expect(parseAnsi('hello')).toEqual([{ text: 'hello', look: {} }]);
});

test('colours of the terminal, of 256 and of 16 million', () => {
  expect(parseAnsi(`${ESC}[1;31mno${ESC}[0m ${ESC}[38;5;196mx${ESC}[48;2;1;2;3my`)).toEqual([
    { text: 'no', look: { isBold: true, color: 'red' } },
    { text: ' ', look: {} },
    { text: 'x', look: { color: '#ff0000' } },
    { text: 'y', look: { color: '#ff0000', background: '#010203' } },
  ]);
});

test('other sequences and control characters are left out', () => {
  expect(parseAnsi(`a${ESC}[2K${ESC}]8;;http://evil${'\u0007'}b\rc`)).toEqual([
    { text: 'a', look: {} },
    { text: 'bc', look: {} },
  ]);
});

test('markup stays text', () => {
  expect(parseAnsi('<img src=x onerror=alert(1)>')[0]?.text).toBe('<img src=x onerror=alert(1)>');
});

test('hits are marked across looks, in any case', () => {
  const marked = markHits(parseAnsi(`an ER${ESC}[31mROR here`), 'error');
  expect(marked.map(({ text, isHit }) => [text, isHit])).toEqual([
    ['an ', false],
    ['ER', true],
    ['ROR', true],
    [' here', false],
  ]);
});
