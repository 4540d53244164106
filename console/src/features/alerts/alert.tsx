import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Flex, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { PageHeader } from '@/components/page/PageHeader';
import { useTexts } from '@/i18n';
import { AboutCard } from './detail/AboutCard';
import { AlertHeader } from './detail/AlertHeader';
import { Deliveries } from './detail/Deliveries';
import { EvidenceCard } from './detail/EvidenceCard';
import { NextSteps } from './detail/NextSteps';
import { alertQuery } from './queries';
import '@/components/page/columns.css';

/** One alert: what is wrong, by which figures, what to do, and whom it was told. */
export function Page() {
  const { alert: id } = useParams({ from: '/alerts/$alert' });
  const t = useTexts().alerts;
  const { data: alert, error, refetch } = useQuery(alertQuery(id));
  if (alert === undefined) {
    return (
      <>
        <PageHeader title={t.one} />
        {error ? <ErrorNotice error={asApiError(error)} retry={() => void refetch()} /> : <Skeleton active />}
      </>
    );
  }
  return (
    <>
      <AlertHeader alert={alert} />
      <div className="columns">
        <Flex vertical gap="middle">
          <EvidenceCard alert={alert} />
          <Deliveries alert={alert} />
        </Flex>
        <Flex vertical gap="middle">
          <NextSteps alert={alert} />
          <AboutCard alert={alert} />
        </Flex>
      </div>
    </>
  );
}
