import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Card, Col, Row, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { curlOf } from '@/components/code/curl';
import { modelQuery } from '@/components/model/queries';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { PageHeader } from '@/components/page/PageHeader';
import { text, useSearchState } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import { Served } from './parts/Served';
import { VersionCard } from './parts/VersionCard';
import { VersionList } from './parts/VersionList';

const PARAMS = { version: text(), registry: text() };

/** One model: its versions, what the chosen one takes and needs, and where it is served. */
export function Page() {
  const t = useTexts().models;
  const { model } = useParams({ from: '/models/$model' });
  const [{ version, registry }, setSearch] = useSearchState(PARAMS);
  const { data, error, isPending, refetch } = useQuery(modelQuery(model, registry));
  const chosen = version || data?.latest_version || '';
  const path = `/models/${encodeURIComponent(model)}${chosen && `/versions/${chosen}`}`;
  const forms = { cli: `penstock models show ${model} ${chosen}`.trim(), curl: curlOf('GET', path) };
  return (
    <>
      <PageHeader
        title={model}
        description={data?.description || t.model}
        actions={<AsCode forms={forms} />}
      />
      {error !== null && <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />}
      {isPending && <Skeleton active />}
      {data !== undefined && chosen === '' && <EmptyState title={t.noVersions} hint={t.emptyHint} />}
      {data !== undefined && chosen !== '' && (
        <Row gutter={[16, 16]}>
          <Col xs={24} lg={7} xxl={5}>
            <Card size="small" title={t.versions}>
              <VersionList
                model={data}
                chosen={chosen}
                onChoose={(next) => setSearch({ version: next }, { push: true })}
              />
            </Card>
            <Served model={model} registry={registry} chosen={chosen} />
          </Col>
          <Col xs={24} lg={17} xxl={19}>
            <VersionCard model={model} version={chosen} registry={registry} />
          </Col>
        </Row>
      )}
    </>
  );
}
