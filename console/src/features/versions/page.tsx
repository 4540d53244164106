import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Button, Flex } from 'antd';
import { activeVersions, serviceQuery, useMay } from '@/api';
import { flag, useSearchState } from '@/components/page/useSearchState';
import { useTitle } from '@/components/page/useTitle';
import { useTexts } from '@/i18n';
import { CanaryCard } from './canary/CanaryCard';
import { AddVersion } from './form/AddVersion';
import { RolloutCard } from './rollout/RolloutCard';
import { UpdatingCard } from './rollout/UpdatingCard';
import { TrafficEditor } from './split/TrafficEditor';
import { VersionsTable } from './VersionsTable';

const PARAMS = { add: flag() };

export function Page() {
  const t = useTexts().versions;
  const { service: name } = useParams({ from: '/services/$service/versions' });
  useTitle(`${t.title} · ${name}`);
  const { data: service } = useQuery(serviceQuery(name));
  const may = useMay();
  const [search, setSearch] = useSearchState(PARAMS);
  if (service === undefined) return null;
  const mayEdit = may('editor', service.project);
  const active = activeVersions(service);
  const openAdd = () => setSearch({ add: true });
  return (
    <Flex vertical gap="middle">
      {mayEdit && service.versions.length > 0 && (
        <Button type="primary" icon={<PlusOutlined />} style={{ alignSelf: 'end' }} onClick={openAdd}>
          {t.add}
        </Button>
      )}
      <VersionsTable service={service} mayEdit={mayEdit} onAdd={openAdd} />
      {active
        .filter((version) => version.status === 'updating')
        .map((version) => (
          <UpdatingCard key={version.id} version={version} mayEdit={mayEdit} />
        ))}
      {service.versions.length > 1 && <CanaryCard service={service} mayEdit={mayEdit} />}
      {active.length > 1 && <RolloutCard service={service} versions={active} mayEdit={mayEdit} />}
      <TrafficEditor service={service} mayEdit={mayEdit} />
      {search.add && mayEdit && <AddVersion service={service} onClose={() => setSearch({ add: false })} />}
    </Flex>
  );
}
