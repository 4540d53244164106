import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { PageHeader } from '@/components/page/PageHeader';
import { Members } from './parts/Members';
import { projectQuery } from './queries';

/** One project and its members. */
export function Page() {
  const { project } = useParams({ from: '/people/$project' });
  const { data, error, refetch } = useQuery(projectQuery(project));
  return (
    <>
      <PageHeader title={project} description={data?.description} />
      {error && <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />}
      {data && <Members project={project} />}
    </>
  );
}
