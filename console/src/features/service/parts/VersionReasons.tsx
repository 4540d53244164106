import { Link, useParams } from '@tanstack/react-router';
import { Flex } from 'antd';
import type { Service } from '@/api';
import { ReasonAlert } from '@/components/reason/ReasonAlert';
import { useTexts } from '@/i18n';

/** Why versions are not as they should be; on a version's own page it says so itself. */
export function VersionReasons({ service }: { service: Service }) {
  const t = useTexts().service;
  const { version: open } = useParams({ strict: false });
  const troubled = service.versions.filter((version) => version.reason !== null && version.name !== open);
  if (troubled.length === 0) return null;
  return (
    <Flex vertical gap="small">
      {troubled.map((version) => (
        <ReasonAlert
          key={version.id}
          subject={version.name}
          reason={version.reason}
          message={version.message}
          isFailure={version.status === 'failed'}
          action={
            <Link
              to="/services/$service/versions/$version"
              params={{ service: service.name, version: version.name }}
            >
              {t.lookAt(version.name)}
            </Link>
          }
        />
      ))}
    </Flex>
  );
}
