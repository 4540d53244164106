import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Flex } from 'antd';
import { serviceQuery, useMay } from '@/api';
import { text, useSearchState } from '@/components/page/useSearchState';
import { useTitle } from '@/components/page/useTitle';
import { useTexts } from '@/i18n';
import { OneRule } from './one/OneRule';
import { ColumnsCard } from './rules/ColumnsCard';
import { RulesCard } from './rules/RulesCard';

const PARAMS = { monitor: text() };

/** Rules of a service: what is watched, how it does, and what else could be; or one of them over time. */
export function Page() {
  const { service } = useParams({ from: '/services/$service/quality' });
  const t = useTexts().quality;
  useTitle(`${t.title} · ${service}`);
  const [{ monitor }] = useSearchState(PARAMS);
  const { data } = useQuery(serviceQuery(service));
  const may = useMay();
  const mayEdit = data !== undefined && may('editor', data.project);
  if (monitor !== '') return <OneRule service={service} name={monitor} mayEdit={mayEdit} />;
  return (
    <Flex vertical gap="middle">
      <RulesCard service={service} mayEdit={mayEdit} />
      <ColumnsCard service={service} mayEdit={mayEdit} />
    </Flex>
  );
}
