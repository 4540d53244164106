import '@/components/page/columns.css';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Flex } from 'antd';
import { serviceQuery } from '@/api';
import { useTitle } from '@/components/page/useTitle';
import { useTexts } from '@/i18n';
import { AboutCard } from './parts/AboutCard';
import { HowToCallCard } from './parts/HowToCallCard';
import { LastEventsCard } from './parts/LastEventsCard';
import { TrafficCard } from './parts/TrafficCard';
import { VersionsCard } from './parts/VersionsCard';

export function Page() {
  const t = useTexts().shell;
  const { service: name } = useParams({ from: '/services/$service/' });
  useTitle(`${t.tabs.overview} · ${name}`);
  const { data: service } = useQuery(serviceQuery(name));
  if (service === undefined) return null;
  return (
    <div className="columns">
      <Flex vertical gap="middle" style={{ minWidth: 0 }}>
        <VersionsCard service={service} />
        <TrafficCard service={name} />
        <LastEventsCard service={name} />
      </Flex>
      <Flex vertical gap="middle" style={{ minWidth: 0 }}>
        <HowToCallCard service={service} />
        <AboutCard service={service} />
      </Flex>
    </div>
  );
}
