import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Button, Skeleton } from 'antd';
import { asApiError, serviceQuery } from '@/api';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTitle } from '@/components/page/useTitle';
import { useTexts } from '@/i18n';
import { DebugService } from './parts/DebugService';

/** Sends requests to versions that run and shows what comes back. */
export function Page() {
  const t = useTexts().debug;
  const { service } = useParams({ from: '/services/$service/debug' });
  const { data, error, isPending, refetch } = useQuery(serviceQuery(service));
  useTitle(`${t.title} · ${service}`);
  if (error !== null) return <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />;
  if (isPending) return <Skeleton active />;
  if (!data.versions.some(({ ready_replicas }) => ready_replicas > 0)) {
    return (
      <EmptyState title={t.noneRuns} hint={t.noneRunsHint}>
        <Link to="/services/$service/versions" params={{ service }}>
          <Button type="primary">{t.toVersions}</Button>
        </Link>
      </EmptyState>
    );
  }
  return <DebugService key={service} service={data} />;
}
