import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { theme } from 'antd';
import { useEffect, useRef } from 'react';
import type { Size, State } from './frames';
import type { PodPath } from './queries';
import { openSession } from './session';

const RESIZE_MS = 100;
const SCROLLED_LINES = 5_000;
/** Of text on its background, whatever colours a program picks. */
const CONTRAST = 4.5;

interface Props {
  path: PodPath;
  label: string;
  onState: (state: State) => void;
}

/** One session, from when it is shown until it is not. */
export function TerminalScreen({ path, label, onState }: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const shown = useRef<Terminal | null>(null);
  const { token } = theme.useToken();
  const { service, version, pod } = path;
  const looks = {
    background: token.colorBgContainer,
    foreground: token.colorText,
    cursor: token.colorPrimary,
    cursorAccent: token.colorBgContainer,
    selectionBackground: token.colorPrimaryBorder,
  };
  const fonts = { fontFamily: token.fontFamilyCode, fontSize: token.fontSize };
  const first = useRef({ looks, fonts });

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const terminal = new Terminal({
      ...first.current.fonts,
      theme: first.current.looks,
      scrollback: SCROLLED_LINES,
      minimumContrastRatio: CONTRAST,
      cursorBlink: true,
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(element);
    fit.fit();
    terminal.focus();
    shown.current = terminal;
    const encoder = new TextEncoder();
    const session = openSession({ service, version, pod }, sizeOf(terminal), {
      write: (bytes, done) => terminal.write(bytes, done),
      state: onState,
    });
    terminal.onData((text) => session.type(encoder.encode(text)));
    terminal.onBinary((text) => session.type(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    terminal.onResize(() => session.resize(sizeOf(terminal)));
    const stop = onResized(element, () => fit.fit());
    return () => {
      stop();
      session.close();
      terminal.dispose();
      shown.current = null;
    };
  }, [service, version, pod, onState]);

  useEffect(() => {
    if (shown.current !== null) shown.current.options.theme = looks;
  });

  return (
    <section
      ref={holder}
      aria-label={label}
      style={{ height: 'max(320px, calc(100vh - 330px))', overflow: 'hidden' }}
    />
  );
}

function sizeOf(terminal: Terminal): Size {
  return { rows: terminal.rows, columns: terminal.cols };
}

/** Calls `change` once an element's size has settled; returns what stops it. */
function onResized(element: HTMLElement, change: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const observer = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(change, RESIZE_MS);
  });
  observer.observe(element);
  return () => {
    clearTimeout(timer);
    observer.disconnect();
  };
}
