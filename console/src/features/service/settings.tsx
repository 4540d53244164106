import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Flex } from 'antd';
import { serviceQuery, useMay } from '@/api';
import { useTitle } from '@/components/page/useTitle';
import { useTexts } from '@/i18n';
import { AboutCard } from './parts/AboutCard';
import { SettingsForm } from './parts/SettingsForm';

export function Page() {
  const t = useTexts().shell;
  const { service: name } = useParams({ from: '/services/$service/settings' });
  useTitle(`${t.tabs.settings} · ${name}`);
  const { data: service } = useQuery(serviceQuery(name));
  const may = useMay();
  if (service === undefined) return null;
  return (
    <Flex vertical gap="middle" style={{ maxWidth: 760 }}>
      {may('editor', service.project) ? <SettingsForm service={service} /> : <AboutCard service={service} />}
    </Flex>
  );
}
