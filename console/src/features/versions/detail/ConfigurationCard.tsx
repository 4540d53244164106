import { Button, Card, Descriptions } from 'antd';
import type { Schemas, Version } from '@/api';
import { CopyText } from '@/components/text/CopyText';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { rateLimitText, recordingText, replicasText, resourcesText } from '../texts';

/** Every field of a version that is not shown elsewhere on its page. Without `onEdit` nothing of it can be changed. */
export function ConfigurationCard({ version, onEdit }: { version: Version; onEdit: (() => void) | null }) {
  const { versions: t, versionFields: fields, common } = useTexts();
  const formats = useFormats();
  const isImage = version.model_source.kind === 'image';
  const runtime = Object.entries(version.runtime).map(([name, value]) => `${name}: ${String(value)}`);
  return (
    <Card
      size="small"
      title={t.details}
      extra={
        onEdit && (
          <Button size="small" onClick={onEdit}>
            {t.edit}
          </Button>
        )
      }
    >
      <Descriptions
        size="small"
        column={1}
        items={[
          { key: 'id', label: 'ID', children: <CopyText text={version.id} /> },
          { key: 'resources', label: t.resources, children: resourcesText(version, t) },
          { key: 'billing', label: t.billing, children: t.billingModes[version.billing_mode] },
          { key: 'replicas', label: t.replicas, children: replicasText(version, t) },
          { key: 'limit', label: t.rateLimit, children: rateLimitText(version, t) },
          { key: 'concurrency', label: t.maxConcurrency, children: version.max_concurrency ?? t.noLimit },
          {
            key: 'timeout',
            label: t.timeout,
            children: formats.milliseconds(version.request_timeout_ms),
          },
          { key: 'recording', label: t.recording, children: recordingText(version, t, formats) },
          { key: 'masking', label: fields.masking, children: <Masking of={version} /> },
          ...(isImage ? [] : [{ key: 'runtime', label: t.runtime, children: runtime.join(', ') }]),
          { key: 'env', label: t.env, children: <Environment env={version.env} /> },
          { key: 'digest', label: t.servedDigest, children: <ShortDigest of={version.deployment_digest} /> },
          { key: 'generation', label: t.generation, children: version.generation },
          { key: 'creator', label: common.creator, children: version.creator },
          { key: 'created', label: common.created, children: <Timestamp at={version.created_at} exact /> },
          { key: 'updated', label: common.updated, children: <Timestamp at={version.updated_at} exact /> },
        ]}
      />
    </Card>
  );
}

function Masking({ of }: { of: Version }) {
  const { versionFields: t, common } = useTexts();
  const rules = (of.log_delivery as unknown as Schemas['LogDelivery']).masking ?? [];
  if (rules.length === 0) return <>{common.none}</>;
  return (
    <div style={{ overflowWrap: 'anywhere' }}>
      {rules.map(({ column, action }) => (
        <div key={column}>
          <code>{column}</code>: {t.maskActions[action]}
        </div>
      ))}
    </div>
  );
}

function Environment({ env }: { env: Version['env'] }) {
  const { versions: t, common } = useTexts();
  const entries = Object.entries(env);
  if (entries.length === 0) return <>{common.none}</>;
  return (
    <div style={{ overflowWrap: 'anywhere' }}>
      {entries.map(([name, value]) => (
        <div key={name}>
          <code>{name}</code> {typeof value === 'string' ? value : t.secretRef(value.secret, value.key)}
        </div>
      ))}
    </div>
  );
}

export function ShortDigest({ of }: { of: string }) {
  const hash = of.replace(/^sha256:/, '');
  return <CopyText text={of} shown={`${hash.slice(0, 12)}…`} />;
}
