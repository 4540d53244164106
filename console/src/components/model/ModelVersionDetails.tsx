import { Alert, Descriptions, Tabs, Tag, Typography } from 'antd';
import type { ReactNode } from 'react';
import { CodeBlock } from '@/components/code/CodeBlock';
import { CopyText } from '@/components/text/CopyText';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { EnvironmentNotice } from './EnvironmentNotice';
import type { ModelVersion } from './queries';
import { SignatureTable } from './SignatureTable';
import { readSignature } from './signature';

/** One version of the registry: what it takes, an example, what it needs, what it was made of. */
export function ModelVersionDetails({ version }: { version: ModelVersion }) {
  const t = useTexts().models;
  const signature = readSignature(version.signature);
  return (
    <>
      <EnvironmentNotice version={version} />
      {signature === null && (
        <Alert type="warning" showIcon title={t.noSignature} description={t.noSignatureHint} />
      )}
      <Tabs
        items={[
          ...tab('signature', t.signature, signature && <SignatureTable signature={signature} />),
          { key: 'example', label: t.example, children: <Example example={version.input_example} /> },
          { key: 'requirements', label: t.requirements, children: <Requirements version={version} /> },
          { key: 'origin', label: t.origin, children: <Origin version={version} /> },
        ]}
      />
    </>
  );
}

function tab(key: string, label: string, children: ReactNode) {
  return children === null ? [] : [{ key, label, children }];
}

function Example({ example }: { example: unknown }) {
  const t = useTexts().models;
  if (example === null || example === undefined) return <Alert type="info" showIcon title={t.noExample} />;
  return <CodeBlock code={JSON.stringify(example, null, 2)} />;
}

/** What must be there before it loads. */
function Requirements({ version }: { version: ModelVersion }) {
  const t = useTexts().models;
  if (!version.requirements?.length) return <Typography.Text>{t.noRequirements}</Typography.Text>;
  return <CodeBlock code={version.requirements.join('\n')} />;
}

function Origin({ version }: { version: ModelVersion }) {
  const t = useTexts().models;
  const copied = (text: string | null | undefined) => (text ? <CopyText text={text} /> : '–');
  return (
    <Descriptions
      size="small"
      column={1}
      items={[
        { key: 'run', label: t.run, children: copied(version.run_id) },
        { key: 'id', label: t.modelId, children: copied(version.model_id) },
        { key: 'digest', label: t.digest, children: copied(version.digest) },
        { key: 'flavors', label: t.flavors, children: version.flavors?.join(', ') || '–' },
        { key: 'created', label: t.created, children: <Timestamp at={version.created_at} exact /> },
        { key: 'tags', label: t.tags, children: <Tags tags={version.tags ?? {}} /> },
      ]}
    />
  );
}

/** Tags as `key=value`. */
export function Tags({ tags }: { tags: Readonly<Record<string, string>> }) {
  const entries = Object.entries(tags);
  if (entries.length === 0) return <>–</>;
  return entries.map(([key, value]) => (
    <Tag key={key} style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
      {value === '' ? key : `${key}=${value}`}
    </Tag>
  ));
}
