import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Flex } from 'antd';
import { serviceQuery, useMay, type Version } from '@/api';
import '@/components/page/columns.css';
import { EmptyState } from '@/components/page/EmptyState';
import { flag, text, useSearchState } from '@/components/page/useSearchState';
import { useTitle } from '@/components/page/useTitle';
import { ReasonAlert } from '@/components/reason/ReasonAlert';
import { useTexts } from '@/i18n';
import { CheckCard } from './detail/CheckCard';
import { ConfigurationCard } from './detail/ConfigurationCard';
import { HistoryCard } from './detail/HistoryCard';
import { ImageCard } from './detail/ImageCard';
import { LineageCard } from './detail/LineageCard';
import { VersionHeader } from './detail/VersionHeader';
import { EditVersion } from './form/EditVersion';
import { PodsCard } from './pods/PodsCard';
import { UpdatingCard } from './rollout/UpdatingCard';

const PARAMS = { pod: text(), edit: flag() };

export function Page() {
  const { versions: t, shell } = useTexts();
  const { service: name, version: ofName } = useParams({ from: '/services/$service/versions/$version' });
  useTitle(`${ofName} · ${name}`);
  const { data: service } = useQuery(serviceQuery(name));
  const [search, setSearch] = useSearchState(PARAMS);
  const may = useMay();
  if (service === undefined) return null;
  const version = service.versions.find((one) => one.name === ofName);
  if (version === undefined) return <EmptyState title={shell.notFound} hint={`${t.version} ${ofName}`} />;
  const mayEdit = may('editor', service.project);
  return (
    <Flex vertical gap="middle">
      <VersionHeader service={service} version={version} mayEdit={mayEdit} />
      {version.reason !== null && (
        <ReasonAlert
          reason={version.reason}
          message={version.message}
          logTail={version.log_tail}
          isFailure={version.status === 'failed'}
        />
      )}
      {version.status === 'updating' && <UpdatingCard version={version} mayEdit={mayEdit} />}
      <PodsCard version={version} mayEdit={mayEdit} open={search.pod} onOpen={(pod) => setSearch({ pod })} />
      <div className="columns even">
        <ConfigurationCard version={version} onEdit={mayEdit ? () => setSearch({ edit: true }) : null} />
        <Flex vertical gap="middle">
          <MadeFrom version={version} />
        </Flex>
      </div>
      <HistoryCard version={version} />
      {search.edit && mayEdit && (
        <EditVersion service={service} version={version} onClose={() => setSearch({ edit: false })} />
      )}
    </Flex>
  );
}

function MadeFrom({ version }: { version: Version }) {
  const { model_source: source } = version;
  if (source.kind === 'image') return <ImageCard version={version} source={source} />;
  return (
    <>
      <CheckCard version={version} />
      <LineageCard source={source} />
    </>
  );
}
