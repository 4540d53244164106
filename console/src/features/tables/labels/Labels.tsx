import { UploadOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Flex } from 'antd';
import { useState } from 'react';
import { asApiError, serviceQuery, useMay } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { Muted } from '@/components/text/Muted';
import { TimeRange } from '@/components/time/TimeRange';
import { isoRange, useTimeRange } from '@/components/time/timeRange';
import { useTexts } from '@/i18n';
import { Sources } from '../sources/Sources';
import { CoverageCharts } from './CoverageCharts';
import { codeForms } from './code';
import { LastUploads } from './LastUploads';
import { coverageQuery } from './queries';
import { UploadLabels } from './UploadLabels';

/** How much of what was predicted has a label, how late these came, and sending more. */
export function Labels({ service }: { service: string }) {
  const t = useTexts().labels;
  const { data: shown } = useQuery(serviceQuery(service));
  const mayEdit = useMay()('editor', shown?.project ?? '');
  const [range, setRange] = useTimeRange('7d');
  const query = useQuery(coverageQuery(service, range));
  const [isUploading, setUploading] = useState(false);
  const zoom = (from: number, to: number) => setRange(isoRange({ from, to }));
  return (
    <Flex vertical gap="middle">
      <Flex gap="middle" wrap align="center" justify="space-between">
        <Flex gap="middle" wrap align="center">
          <TimeRange value={range} onChange={setRange} spans={['1h', '24h', '7d', '30d']} />
          <Muted>{t.coverageHint}</Muted>
        </Flex>
        <Flex gap="small">
          {mayEdit && (
            <Button type="primary" icon={<UploadOutlined />} onClick={() => setUploading(true)}>
              {t.upload}
            </Button>
          )}
          {query.data && <AsCode forms={codeForms(service, query.data.grid)} />}
        </Flex>
      </Flex>
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      <CoverageCharts found={query.data} isPending={query.isPending} onZoom={zoom} />
      <Sources service={service} mayEdit={mayEdit} />
      <LastUploads service={service} />
      {isUploading && <UploadLabels service={service} onClose={() => setUploading(false)} />}
    </Flex>
  );
}
