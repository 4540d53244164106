import { Outlet, useParams } from '@tanstack/react-router';
import { PageHeader } from '@/components/PageHeader';

/** A service's header and tabs, around the page of the tab. */
export function Page() {
  const { service } = useParams({ from: '/services/$service' });
  return (
    <>
      <PageHeader title={service} />
      <Outlet />
    </>
  );
}
