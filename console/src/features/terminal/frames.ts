/** Channels of a session's frames: the first byte of each. */
const STDIN = 0;
const STDERR = 2;
const STATUS = 3;
const RESIZE = 4;
const CREDIT = 16;

/** Bytes of one frame at most: the server takes no longer ones. */
const FRAME_BYTES = 32 * 1024;

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

export type State =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly recorded: boolean }
  | {
      readonly kind: 'ended';
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly message: string | null;
    }
  | { readonly kind: 'refused'; readonly message: string };

export type Frame =
  | { readonly kind: 'output'; readonly bytes: Uint8Array }
  | { readonly kind: 'state'; readonly state: State };

interface Status {
  readonly status: 'open' | 'ended' | 'refused';
  readonly recorded?: boolean;
  readonly exit_code?: number | null;
  readonly signal?: string | null;
  readonly message?: string | null;
}

/** What the server says; null for a channel that this page does not know. */
export function parseFrame(data: ArrayBuffer): Frame | null {
  const bytes = new Uint8Array(data);
  const channel = bytes[0] ?? -1;
  if (channel > STDIN && channel <= STDERR) return { kind: 'output', bytes: bytes.subarray(1) };
  if (channel !== STATUS) return null;
  const said = JSON.parse(new TextDecoder().decode(bytes.subarray(1))) as Status;
  return { kind: 'state', state: stateOf(said) };
}

function stateOf(said: Status): State {
  if (said.status === 'open') return { kind: 'open', recorded: said.recorded ?? false };
  if (said.status === 'refused') return { kind: 'refused', message: said.message ?? '' };
  return {
    kind: 'ended',
    exitCode: said.exit_code ?? null,
    signal: said.signal ?? null,
    message: said.message ?? null,
  };
}

/** What was typed, as frames. */
export function inputFrames(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const frames = [];
  for (let begin = 0; begin < bytes.length; begin += FRAME_BYTES) {
    frames.push(frame(STDIN, bytes.subarray(begin, begin + FRAME_BYTES)));
  }
  return frames;
}

export function resizeFrame(size: Size): Uint8Array<ArrayBuffer> {
  return frame(RESIZE, new TextEncoder().encode(JSON.stringify(size)));
}

/** So many bytes more are shown: as many more may come. */
export function creditFrame(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, count);
  return frame(CREDIT, bytes);
}

function frame(channel: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(payload.length + 1);
  bytes[0] = channel;
  bytes.set(payload, 1);
  return bytes;
}
