import { useQuery } from '@tanstack/react-query';
import { Card, Descriptions, Flex } from 'antd';
import type { ReactNode } from 'react';
import type { Schemas, Version } from '@/api';
import { CopyText } from '@/components/text/CopyText';
import { useTexts } from '@/i18n';
import { podsQuery } from '../queries';

/** The image that a version is made from, how its containers are started, and what its pods really run. */
export function ImageCard({ version, source }: { version: Version; source: Schemas['ImageSource'] }) {
  const { versions: t, versionFields: fields, common } = useTexts();
  const { data: pods = [] } = useQuery(podsQuery(version.service, version.name));
  const running = [...new Set(pods.flatMap(({ image }) => (image ? [image] : [])))];
  const words = (of: readonly string[] | null | undefined) => of?.join(' ') ?? t.ofTheImage;
  return (
    <Card size="small" title={t.image}>
      <Descriptions
        size="small"
        column={1}
        items={[
          { key: 'image', label: fields.image.name, children: <CopyText text={source.image} /> },
          {
            key: 'running',
            label: t.runningImage,
            children:
              running.length === 0 ? (
                t.notKnown
              ) : (
                <Lines>
                  {running.map((one) => (
                    <CopyText key={one} text={one} />
                  ))}
                </Lines>
              ),
          },
          {
            key: 'credentials',
            label: fields.image.credentials,
            children: source.credentials ?? common.none,
          },
          { key: 'command', label: fields.image.command, children: words(source.command) },
          { key: 'args', label: fields.image.args, children: words(source.args) },
          { key: 'port', label: fields.image.port, children: source.port },
          { key: 'health', label: fields.image.healthPath, children: source.health_path },
          { key: 'predict', label: fields.image.predictPath, children: source.predict_path },
          {
            key: 'mounts',
            label: fields.image.mounts,
            children:
              source.mounts.length === 0 ? (
                common.none
              ) : (
                <Lines>
                  {source.mounts.map((mount) => (
                    <span key={mount.path}>
                      {mount.path} ← {'uri' in mount ? mount.uri : fields.image.mountKinds.file}
                    </span>
                  ))}
                </Lines>
              ),
          },
        ]}
      />
    </Card>
  );
}

function Lines({ children }: { children: ReactNode }) {
  return (
    <Flex vertical style={{ overflowWrap: 'anywhere' }}>
      {children}
    </Flex>
  );
}
