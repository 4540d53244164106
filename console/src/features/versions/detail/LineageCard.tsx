import { Link } from '@tanstack/react-router';
import { Card, Descriptions } from 'antd';
import type { Schemas } from '@/api';
import { CopyText } from '@/components/text/CopyText';
import { useTexts } from '@/i18n';
import { ShortDigest } from './ConfigurationCard';

/** From which run, logged model and files it was published. */
export function LineageCard({ source }: { source: Schemas['ModelSourceView'] }) {
  const { versions: t } = useTexts();
  const id = (value: string | null | undefined) => (value ? <CopyText text={value} /> : t.notKnown);
  return (
    <Card
      size="small"
      title={t.lineage}
      extra={
        <Link to="/models/$model" params={{ model: source.model }} search={{ version: source.version }}>
          {t.inRegistry}
        </Link>
      }
    >
      <Descriptions
        size="small"
        column={1}
        items={[
          { key: 'model', label: t.model, children: `${source.model} ${source.version}` },
          {
            key: 'alias',
            label: t.alias,
            children: source.alias ? `${source.alias}${source.follow ? ` (${t.follows})` : ''}` : '–',
          },
          { key: 'registry', label: t.registry, children: source.registry ?? t.platformRegistry },
          { key: 'run', label: t.run, children: id(source.run_id) },
          { key: 'model_id', label: t.modelId, children: id(source.model_id) },
          {
            key: 'digest',
            label: t.digest,
            children: source.digest ? <ShortDigest of={source.digest} /> : t.notKnown,
          },
        ]}
      />
    </Card>
  );
}
