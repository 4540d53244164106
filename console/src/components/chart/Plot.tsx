import { theme } from 'antd';
import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useFormats, useTexts } from '@/i18n';
import { plotOptions } from './plotOptions';
import { type ChartProps, momentsOf } from './types';

/** The canvas of a chart; drawn anew where lines or theme change, else only given its values. */
export function Plot(props: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { token } = theme.useToken();
  const formats = useFormats();
  const { time: timeLabel } = useTexts().components.chart;
  const lines = JSON.stringify(props.series.map((one) => one.label));
  const { from, stepS, series } = props;
  const values = useMemo<uPlot.AlignedData>(
    () => [
      momentsOf({ from, stepS, series }).map((at) => at / 1000),
      ...series.map((one) => [...one.values]),
    ],
    [from, stepS, series],
  );
  const given = useRef(values);
  given.current = values;

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const labels: string[] = JSON.parse(lines);
    const options = plotOptions({ labels, timeLabel, latest, token, formats, width: element.clientWidth });
    const made = new uPlot(options, given.current, element);
    plot.current = made;
    const watcher = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: latest.current.height ?? 200 });
    });
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [lines, timeLabel, token, formats]);

  useEffect(() => {
    plot.current?.setData(values);
  }, [values]);

  return <div ref={holder} style={{ minHeight: (props.height ?? 200) + 24 }} />;
}
