import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useFormats, useTexts } from '@/i18n';
import { type Look, markHits, parseAnsi, type Stretch } from '../ansi';
import type { Line } from '../queries';

/** What the model server asks the model by itself while it starts: no request of a caller. */
const OWN_REQUESTS = new Set(['example', 'probe']);
const SHOWN_ID = 13;

interface LogLineProps {
  readonly service: string;
  readonly line: Line;
  readonly words: string;
  readonly isMarked: boolean;
  readonly index?: number;
  /** Where it stands in a virtual list. */
  readonly top?: number;
  readonly measure?: ((element: Element | null) => void) | null;
}

/** One printed line: its moment (a link to it), what it says it is, its text as text. */
export const LogLine = memo(function LogLine(props: LogLineProps) {
  const { line, service, top, measure } = props;
  const isPlaced = top !== undefined;
  return (
    <div
      className={`log-line log-${line.level ?? 'none'}${props.isMarked ? ' log-marked' : ''}`}
      data-index={props.index}
      ref={measure ?? undefined}
      style={isPlaced ? { position: 'absolute', top: 0, transform: `translateY(${top}px)` } : undefined}
    >
      <Moment line={line} />
      <Level line={line} />
      <span className="log-pod" title={line.pod}>
        {line.pod}
      </span>
      <span className="log-text">
        {markHits(parseAnsi(line.text), props.words).map((stretch, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: stretches of a line have no other name
          <StretchText key={index} stretch={stretch} />
        ))}
      </span>
      {line.request_id && <RequestLink service={service} requestId={line.request_id} />}
    </div>
  );
});

function Moment({ line }: { line: Line }) {
  const t = useTexts().logs;
  const formats = useFormats();
  const at = new Date(line.at);
  const shown = `${formats.time(at)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
  const title = formats.dateTime(at);
  if (!line.id) return <time title={title}>{shown}</time>;
  const id = line.id;
  return (
    <Link
      to="."
      search={(before: Record<string, unknown>) => ({ ...before, line: id })}
      title={t.lineAt(title)}
    >
      {shown}
    </Link>
  );
}

function Level({ line }: { line: Line }) {
  const t = useTexts().logs;
  return <span className="log-level">{line.level ? t.levels[line.level] : ''}</span>;
}

/** Leads to the request; a line of several requests to the first of them. */
function RequestLink({ service, requestId }: { service: string; requestId: string }) {
  const t = useTexts().logs;
  const first = requestId.split(',')[0] ?? requestId;
  if (OWN_REQUESTS.has(first)) return <span>{first}</span>;
  return (
    <Link
      className="log-request"
      to="/services/$service/requests/$request"
      params={{ service, request: first }}
      title={`${t.openRequest} ${first}`}
    >
      {first.length > SHOWN_ID ? `${first.slice(0, SHOWN_ID)}…` : first}
    </Link>
  );
}

function StretchText({ stretch }: { stretch: Stretch }) {
  const { text, look, isHit } = stretch;
  if (isHit) return <mark style={styleOf(look)}>{text}</mark>;
  return Object.keys(look).length === 0 ? text : <span style={styleOf(look)}>{text}</span>;
}

function styleOf(look: Look) {
  return {
    color: colorOf(look.color),
    background: colorOf(look.background),
    fontWeight: look.isBold ? 600 : undefined,
    opacity: look.isDim ? 0.7 : undefined,
    fontStyle: look.isItalic ? 'italic' : undefined,
    textDecoration: look.isUnderlined ? 'underline' : undefined,
  };
}

function colorOf(name: string | undefined): string | undefined {
  return name === undefined || name.startsWith('#') ? name : `var(--ansi-${name})`;
}
