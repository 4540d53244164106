import { asApiError } from '@/api';
import { creditFrame, inputFrames, parseFrame, resizeFrame, type Size, type State } from './frames';
import { createTicket, type PodPath, socketUrl } from './queries';

/** What is shown of a session; `write` calls back once it has shown the bytes. */
export interface Screen {
  readonly write: (bytes: Uint8Array, shown: () => void) => void;
  readonly state: (state: State) => void;
}

export interface Session {
  readonly type: (bytes: Uint8Array) => void;
  readonly resize: (size: Size) => void;
  readonly close: () => void;
}

/** Opens a session in a pod: a ticket, then a WebSocket whose first message it is. */
export function openSession(path: PodPath, size: Size, screen: Screen): Session {
  const session = new Opened(screen);
  void session.connect(path, size);
  return session;
}

class Opened implements Session {
  private socket: WebSocket | null = null;
  private isOver = false;
  private isOpen = false;

  constructor(private readonly screen: Screen) {}

  async connect(path: PodPath, size: Size): Promise<void> {
    try {
      const { ticket } = await createTicket(path, size);
      if (this.isOver) return;
      this.listen(new WebSocket(socketUrl(path)), ticket);
    } catch (thrown) {
      this.end({ kind: 'refused', message: asApiError(thrown).message });
    }
  }

  private listen(socket: WebSocket, ticket: string): void {
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => socket.send(JSON.stringify({ ticket, credit: true }));
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => this.receive(event.data);
    socket.onclose = () => this.end({ kind: 'ended', exitCode: null, signal: null, message: null });
  }

  private receive(data: ArrayBuffer): void {
    const frame = parseFrame(data);
    if (frame === null) return;
    if (frame.kind === 'output') {
      this.screen.write(frame.bytes, () => this.send(creditFrame(frame.bytes.length)));
    } else if (frame.state.kind === 'open') {
      this.isOpen = true;
      this.screen.state(frame.state);
    } else {
      this.end(frame.state);
    }
  }

  private end(state: State): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isOpen = false;
    this.screen.state(state);
    this.socket?.close();
  }

  private send(frame: Uint8Array<ArrayBuffer>): void {
    if (this.isOpen && this.socket?.readyState === WebSocket.OPEN) this.socket.send(frame);
  }

  type = (bytes: Uint8Array): void => {
    for (const frame of inputFrames(bytes)) this.send(frame);
  };

  resize = (size: Size): void => this.send(resizeFrame(size));

  close = (): void => {
    this.isOver = true;
    this.socket?.close();
  };
}
