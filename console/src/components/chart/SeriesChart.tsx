import { DownloadOutlined, LineChartOutlined, TableOutlined } from '@ant-design/icons';
import { Button, Card, Skeleton, Space, Tooltip } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useTexts } from '@/i18n';
import { EmptyState } from '../page/EmptyState';
import { download } from '../text/download';
import { ChartTable } from './ChartTable';
import { chartCsv } from './csv';
import type { ChartProps } from './types';

const importPlot = () => import('./Plot');
const Plot = lazy(async () => ({ default: (await importPlot()).Plot }));
// It comes while the values do, not after them; one that fails to come is asked for again when it is drawn.
importPlot().catch(() => undefined);

/** Lines over time in a card: as chart, as table, as CSV. */
export function SeriesChart(props: ChartProps) {
  const t = useTexts().components.chart;
  const [isTable, setTable] = useState(false);
  const isEmpty = props.series.every((one) => one.values.every((value) => value === null));
  return (
    <Card
      size="small"
      title={props.title}
      extra={
        <Space size={0}>
          <IconButton
            label={isTable ? t.asChart : t.asTable}
            icon={isTable ? <LineChartOutlined /> : <TableOutlined />}
            onClick={() => setTable(!isTable)}
          />
          <IconButton
            label={t.csv}
            icon={<DownloadOutlined />}
            onClick={() => download(`${props.title}.csv`, chartCsv(props))}
          />
        </Space>
      }
    >
      {isEmpty && <EmptyState title={t.empty} />}
      {!isEmpty && isTable && <ChartTable {...props} />}
      {!isEmpty && !isTable && (
        <section aria-label={t.label(props.title, props.series.length)}>
          <Suspense fallback={<Skeleton active />}>
            <Plot {...props} />
          </Suspense>
        </section>
      )}
    </Card>
  );
}

function IconButton({ label, icon, onClick }: { label: string; icon: React.ReactNode; onClick: () => void }) {
  return (
    <Tooltip title={label}>
      <Button type="text" size="small" aria-label={label} icon={icon} onClick={onClick} />
    </Tooltip>
  );
}
