import { useQuery } from '@tanstack/react-query';
import { Outlet, useParams } from '@tanstack/react-router';
import { Flex, Skeleton } from 'antd';
import { asApiError, serviceQuery } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { PageHeader } from '@/components/page/PageHeader';
import { ServiceHeader } from './parts/ServiceHeader';
import { ServiceTabs } from './parts/ServiceTabs';
import { VersionReasons } from './parts/VersionReasons';

/** A service's header and tabs, around the page of the tab. */
export function Page() {
  const { service: name } = useParams({ from: '/services/$service' });
  const { data: service, error, refetch } = useQuery(serviceQuery(name));
  if (service === undefined) {
    return (
      <>
        <PageHeader title={name} />
        {error ? <ErrorNotice error={asApiError(error)} retry={() => void refetch()} /> : <Skeleton active />}
      </>
    );
  }
  return (
    <Flex vertical gap="small">
      <ServiceHeader service={service} />
      {error && <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />}
      <VersionReasons service={service} />
      <ServiceTabs service={name} />
      <Outlet />
    </Flex>
  );
}
