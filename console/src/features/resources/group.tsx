import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Flex } from 'antd';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { PageHeader } from '@/components/page/PageHeader';
import { Nodes } from './parts/Nodes';
import { Projects } from './parts/Projects';
import { RunsOn } from './parts/RunsOn';
import { groupQuery } from './queries';

/** One resource group: who may use it, and its nodes. */
export function Page() {
  const { group } = useParams({ from: '/resources/$group' });
  const { data, error, refetch } = useQuery(groupQuery(group));
  return (
    <>
      <PageHeader title={group} description={data?.description} />
      {error && <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />}
      {data && (
        <Flex vertical gap="middle">
          <RunsOn group={data} />
          <Nodes group={group} />
          <Projects group={data} />
        </Flex>
      )}
    </>
  );
}
