import { expect, test } from 'vitest';
import { concerns, watch } from './changes';
import { parseEvent, readEvents } from './sse';

const change = { kind: 'version', name: 'v1', service: 'wine', revision: 3 } as const;

test('a query is read anew by kind and service', () => {
  expect(concerns(watch(['version'], 'wine'), change)).toBe(true);
  expect(concerns(watch(['version']), change)).toBe(true);
  expect(concerns(watch(['version'], 'other'), change)).toBe(false);
  expect(concerns(watch(['key'], 'wine'), change)).toBe(false);
  expect(concerns(undefined, change)).toBe(false);
  expect(
    concerns(watch(['service'], 'wine'), { ...change, kind: 'service', name: 'wine', service: null }),
  ).toBe(true);
});

test('events are put together from pieces, comments are passed over', async () => {
  const pieces = [
    'id: 7\nevent: hello\nda',
    'ta: {}\n\n: still here\n\n',
    'event: change\r\ndata: {"a":1}\r\n\r\n',
  ];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
  const seen = [];
  for await (const event of readEvents(body)) seen.push(event);
  expect(seen).toEqual([
    { event: 'hello', data: '{}', id: '7' },
    { event: 'change', data: '{"a":1}', id: null },
  ]);
  expect(parseEvent(': comment')).toBeNull();
});
