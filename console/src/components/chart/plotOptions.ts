import type { GlobalToken } from 'antd';
import type uPlot from 'uplot';
import type { Formats } from '@/i18n';
import { type ChartProps, colorOf, dashOf } from './types';

/** What uPlot is made with: axes in the theme's colours, gaps as gaps, a shared cursor, a drag as zoom, marks. */
export function plotOptions(from: {
  labels: readonly string[];
  /** What the legend calls the moment under the cursor; uPlot's own word is English. */
  timeLabel: string;
  latest: { readonly current: ChartProps };
  token: GlobalToken;
  formats: Formats;
  width: number;
}): uPlot.Options {
  const { latest, token, formats } = from;
  const axis = {
    stroke: token.colorTextSecondary,
    grid: { stroke: token.colorSplit, width: 1 },
    ticks: { stroke: token.colorSplit, width: 1 },
    font: `11px ${token.fontFamily}`,
  };
  const shown = (value: number | null) =>
    value === null || value === undefined ? '–' : latest.current.format(value);
  const sync = latest.current.syncKey;
  return {
    width: from.width,
    height: latest.current.height ?? 200,
    scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, values: (_plot, ticks, _axis, _space, step) => ticks.map(tickText(formats, step)) },
      { ...axis, size: 64, values: (_plot, ticks) => ticks.map((tick) => latest.current.format(tick)) },
    ],
    series: [
      { label: from.timeLabel, value: (_plot, at) => (at === null ? '–' : formats.dateTime(at * 1000)) },
      ...from.labels.map((label, index) => ({
        label,
        stroke: colorOf(index),
        dash: dashOf(index),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        value: (_plot: uPlot, value: number | null) => shown(value),
      })),
    ],
    legend: { live: true },
    cursor: {
      drag: { x: true, y: false, setScale: false },
      ...(sync === undefined ? {} : { sync: { key: sync, setSeries: false } }),
    },
    hooks: {
      setSelect: [(plot) => zoom(plot, latest.current)],
      draw: [(plot) => drawMarks(plot, latest.current, token)],
      drawSeries: [drawLonePoints],
    },
  };
}

/** A tick's time of day, with the date where a day begins; the date alone where ticks are days apart. */
function tickText(formats: Formats, step: number): (tick: number, index: number) => string {
  return (tick, index) => {
    const at = new Date(tick * 1000);
    if (step >= 86_400) return formats.day(at);
    const isNewDay = index === 0 || (at.getHours() === 0 && at.getMinutes() === 0);
    return isNewDay ? `${formats.clock(at)}\n${formats.day(at)}` : formats.clock(at);
  };
}

function zoom(plot: uPlot, chart: ChartProps): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  chart.onZoom?.(from * 1000, to * 1000);
}

function drawMarks(plot: uPlot, chart: ChartProps, token: GlobalToken): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const mark of chart.marks ?? []) {
    const x = plot.valToPos(mark.at / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = mark.tone === 'bad' ? token.colorError : token.colorTextQuaternary;
    ctx.lineWidth = 1;
    ctx.setLineDash(mark.tone === 'bad' ? [] : [4, 4]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** A value between two gaps makes no line: it is drawn as a point. */
function drawLonePoints(plot: uPlot, index: number): void {
  const values = plot.data[index];
  const moments = plot.data[0];
  const series = plot.series[index];
  if (index === 0 || values === undefined || series?.show === false) return;
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = colorOf(index - 1);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    const moment = moments[at];
    if (value == null || moment === undefined || values[at - 1] != null || values[at + 1] != null) continue;
    ctx.beginPath();
    ctx.arc(plot.valToPos(moment, 'x', true), plot.valToPos(value, 'y', true), 2.5, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
}
