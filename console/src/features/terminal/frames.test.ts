import { expect, test } from 'vitest';
import { creditFrame, inputFrames, parseFrame, resizeFrame } from './frames';

const status = (said: object) => {
  const json = new TextEncoder().encode(JSON.stringify(said));
  return parseFrame(new Uint8Array([3, ...json]).buffer);
};

test('output stays the bytes that it is', () => {
  const frame = parseFrame(new Uint8Array([1, 0xc3, 0xa9, 0xff, 0]).buffer);
  expect(frame).toEqual({ kind: 'output', bytes: new Uint8Array([0xc3, 0xa9, 0xff, 0]) });
  expect(parseFrame(new Uint8Array([2, 65]).buffer)).toMatchObject({ kind: 'output' });
  expect(parseFrame(new Uint8Array([9, 65]).buffer)).toBeNull();
  expect(parseFrame(new ArrayBuffer(0))).toBeNull();
});

test('a status says how the session is', () => {
  expect(status({ status: 'open', recorded: true })).toEqual({
    kind: 'state',
    state: { kind: 'open', recorded: true },
  });
  expect(status({ status: 'ended', exit_code: 3, signal: null, message: null })).toEqual({
    kind: 'state',
    state: { kind: 'ended', exitCode: 3, signal: null, message: null },
  });
  expect(status({ status: 'refused', message: 'no' })).toEqual({
    kind: 'state',
    state: { kind: 'refused', message: 'no' },
  });
});

test('what is typed goes in frames that the server takes', () => {
  const frames = inputFrames(new Uint8Array(70_000).fill(65));
  expect(frames.map((frame) => frame.length)).toEqual([32_769, 32_769, 4_465]);
  expect(frames.every((frame) => frame[0] === 0)).toBe(true);
  expect(inputFrames(new Uint8Array())).toEqual([]);
  expect([...creditFrame(65_537)]).toEqual([16, 0, 1, 0, 1]);
  expect(new TextDecoder().decode(resizeFrame({ rows: 3, columns: 9 }).subarray(1))).toBe(
    '{"rows":3,"columns":9}',
  );
});
