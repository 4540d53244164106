import { Card, Flex } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { Muted } from '@/components/text/Muted';
import { useFormats, useTexts } from '@/i18n';
import type { VerdictState } from '../queries';
import { LOOKS } from '../rules/States';
import type { Cell, Heat, Row } from './heat';

const LABELS = 200;
const HEIGHT = 22;
const LEAST = 4;
const MOST = 48;
const LEGEND: readonly VerdictState[] = ['ok', 'warning', 'critical', 'insufficient_data', 'error'];

/** Columns × windows: how far each value lies from its threshold; a click shows the window below. */
export function HeatMap(props: {
  heat: Heat;
  /** What a row is called. */
  nameOf: (row: Row) => string;
  chosen: { column: string; end: string };
  choose: (column: string, end: string) => void;
}) {
  const t = useTexts().quality;
  const formats = useFormats();
  const { heat, chosen } = props;
  const [room, holder] = useRoom(heat.ends.length);
  const width = Math.max(LEAST, Math.min(MOST, (room - LABELS) / Math.max(heat.ends.length, 1)));
  const last = heat.ends.at(-1);
  const stored = (row: Row) => row.label || props.nameOf(row);
  return (
    <Card size="small" title={t.heat} extra={<Legend />}>
      <section ref={holder} tabIndex={0} aria-label={t.heat} style={{ overflow: 'auto', maxHeight: 480 }}>
        <svg
          width={LABELS + width * heat.ends.length}
          height={heat.rows.length * HEIGHT}
          role="img"
          aria-label={t.heatLabel(heat.rows.length, heat.ends.length)}
          style={{ display: 'block' }}
        >
          {heat.rows.map((row, line) => (
            <g key={row.label}>
              <text
                x={LABELS - 8}
                y={line * HEIGHT + 15}
                textAnchor="end"
                fontSize={12}
                fontWeight={row.label === chosen.column ? 600 : 400}
                fill="var(--ant-color-text)"
              >
                <title>{stored(row)}</title>
                {cut(props.nameOf(row))}
              </text>
              {row.cells.map((cell, index) => (
                <HeatCell
                  key={heat.ends[index]}
                  cell={cell}
                  x={LABELS + index * width}
                  y={line * HEIGHT}
                  width={width}
                  title={titleOf(props.nameOf(row), heat.ends[index] ?? '', cell)}
                  isChosen={heat.ends[index] === chosen.end && row.label === chosen.column}
                  choose={() => props.choose(row.label, heat.ends[index] ?? '')}
                />
              ))}
            </g>
          ))}
        </svg>
      </section>
      <Flex justify="space-between" style={{ marginInlineStart: LABELS }}>
        <Muted>{heat.ends[0] && formats.dateTime(heat.ends[0])}</Muted>
        <Muted>{last && formats.dateTime(last)}</Muted>
      </Flex>
    </Card>
  );

  function titleOf(label: string, end: string, cell: Cell | null): string {
    const value = cell?.value == null ? '' : `: ${formats.number(cell.value, 4)}`;
    const bound = cell?.threshold == null ? '' : ` / ${formats.number(cell.threshold, 4)}`;
    return `${label}, ${formats.dateTime(end)}${value}${bound} ${cell === null ? '' : t.states[cell.state]}`;
  }
}

const cut = (name: string) => (name.length > 28 ? `${name.slice(0, 27)}…` : name);

/** The width there is, in px; where more windows are than fit, the newest are in view. */
function useRoom(windows: number) {
  const holder = useRef<HTMLElement>(null);
  const [room, setRoom] = useState(960);
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const watcher = new ResizeObserver(() => setRoom(element.clientWidth));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    if (windows > 0 && room > 0) holder.current?.scrollTo({ left: holder.current.scrollWidth });
  }, [windows, room]);
  return [room, holder] as const;
}

function HeatCell(props: {
  cell: Cell | null;
  x: number;
  y: number;
  width: number;
  title: string;
  isChosen: boolean;
  choose: () => void;
}) {
  const { cell, x, y, width } = props;
  if (cell === null) return null;
  const { color, sign } = LOOKS[cell.state];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the table below has the same by keyboard
    <g onClick={props.choose} style={{ cursor: 'pointer' }}>
      <title>{props.title}</title>
      <rect
        x={x}
        y={y + 1}
        width={Math.max(width - 1, 1)}
        height={HEIGHT - 2}
        rx={2}
        fill={color}
        fillOpacity={opacityOf(cell)}
        stroke={props.isChosen ? 'var(--ant-color-text)' : 'none'}
        strokeWidth={2}
      />
      {width >= 10 && sign !== '' && (
        <text
          x={x + width / 2}
          y={y + 15}
          textAnchor="middle"
          fontSize={11}
          fontWeight={600}
          fill="var(--ant-color-text)"
        >
          {sign}
        </text>
      )}
    </g>
  );
}

/** The nearer to its threshold, and the further beyond, the stronger. */
function opacityOf({ state, value, threshold }: Cell): number {
  if (state === 'insufficient_data' || state === 'error') return 1;
  const share = value === null || !threshold ? 1 : Math.abs(value / threshold);
  if (state === 'ok') return 0.15 + 0.35 * Math.min(share, 1);
  return Math.min(1, 0.45 + 0.2 * Math.log2(Math.max(share, 1)));
}

function Legend() {
  const t = useTexts().quality;
  return (
    <Flex gap="middle" wrap>
      {LEGEND.map((state) => (
        <Flex key={state} gap={4} align="center">
          <svg width={14} height={14} aria-hidden="true">
            <rect width={14} height={14} rx={2} fill={LOOKS[state].color} fillOpacity={0.6} />
            <text
              x={7}
              y={11}
              textAnchor="middle"
              fontSize={11}
              fontWeight={600}
              fill="var(--ant-color-text)"
            >
              {LOOKS[state].sign}
            </text>
          </svg>
          <Muted>{t.states[state]}</Muted>
        </Flex>
      ))}
    </Flex>
  );
}
