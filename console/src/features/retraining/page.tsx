import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Flex } from 'antd';
import { serviceQuery, useMay } from '@/api';
import { useTitle } from '@/components/page/useTitle';
import { useTexts } from '@/i18n';
import { Runs } from './runs/Runs';
import { Triggers } from './triggers/Triggers';

/** What trains the model anew, when, and what became of it. */
export function Page() {
  const { service } = useParams({ from: '/services/$service/retraining' });
  const { retraining: t } = useTexts();
  useTitle(`${t.title} · ${service}`);
  const { data } = useQuery(serviceQuery(service));
  const may = useMay();
  const mayEdit = data !== undefined && may('editor', data.project);
  return (
    <Flex vertical gap="middle">
      <Triggers service={service} mayEdit={mayEdit} />
      <Runs service={service} mayEdit={mayEdit} />
    </Flex>
  );
}
