import { Card, Col, Flex, Row, Skeleton, Statistic } from 'antd';
import { SeriesChart } from '@/components/chart';
import { EmptyState } from '@/components/page/EmptyState';
import { useFormats, useTexts } from '@/i18n';
import { filled, type Grid } from '../accounting/account';
import { delayUnit, inUnit } from './delays';
import type { Coverage } from './queries';

/** Coverage and delay by the age of the inference, and of all of them together. */
export function CoverageCharts(props: {
  found: { grid: Grid; coverage: Coverage } | undefined;
  isPending: boolean;
  onZoom: (from: number, to: number) => void;
}) {
  const t = useTexts().labels;
  const formats = useFormats();
  const { found, onZoom } = props;
  if (props.isPending) return <Skeleton active />;
  if (found === undefined) return null;
  const { grid, coverage } = found;
  if (coverage.predicted === 0) return <EmptyState title={t.none} hint={t.noneHint} />;
  const { items } = coverage;
  const unit = delayUnit(Math.max(0, ...items.map((one) => one.delay_p90_s ?? 0)));
  const chart = { from: grid.from, stepS: grid.stepS, onZoom, syncKey: 'labels' };
  const delay = (seconds: number | null | undefined) => (seconds == null ? '–' : formats.duration(seconds));
  return (
    <>
      <Card size="small">
        <Flex gap="large" wrap>
          <Statistic title={t.predicted} value={formats.number(coverage.predicted)} />
          <Statistic title={t.labelled} value={formats.number(coverage.labelled)} />
          <Statistic title={t.share} value={formats.percent(coverage.share)} />
          <Statistic title={`${t.delay}: ${t.median}`} value={delay(coverage.delay_p50_s)} />
          <Statistic title={`${t.delay}: ${t.most}`} value={delay(coverage.delay_p90_s)} />
        </Flex>
      </Card>
      <Row gutter={[12, 12]}>
        <Col xs={24} lg={12}>
          <SeriesChart
            {...chart}
            title={t.coverage}
            series={[
              { label: t.predicted, values: filled(items, grid, (one) => one.predicted) },
              { label: t.labelled, values: filled(items, grid, (one) => one.labelled) },
            ]}
            format={(value) => formats.number(value)}
          />
        </Col>
        <Col xs={24} lg={12}>
          <SeriesChart
            {...chart}
            title={`${t.delay} (${unit.symbol})`}
            series={[
              { label: t.median, values: filled(items, grid, (one) => inUnit(one.delay_p50_s, unit), null) },
              { label: t.most, values: filled(items, grid, (one) => inUnit(one.delay_p90_s, unit), null) },
            ]}
            format={(value) => formats.number(value, 2)}
          />
        </Col>
      </Row>
    </>
  );
}
