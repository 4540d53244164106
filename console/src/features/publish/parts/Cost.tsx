import { useQuery } from '@tanstack/react-query';
import { Typography } from 'antd';
import { specsQuery } from '@/api';
import { useFormats, useTexts } from '@/i18n';
import type { Draft } from '../draft';

/** What the pods cost an hour, where the size has a price. */
export function Cost({ version }: { version: Draft['version'] }) {
  const t = useTexts().publish;
  const formats = useFormats();
  const { data: specs = [] } = useQuery(specsQuery);
  const from = version.resource_source;
  const spec = from?.kind === 'group' ? undefined : specs.find(({ name }) => name === from?.spec);
  if (spec === undefined) return null;
  const { replicas = 1 } = version;
  const cost = (pods: number) => formats.number(spec.price_per_hour * pods, 4);
  return (
    <Typography.Paragraph type="secondary" style={{ marginTop: 12, marginBottom: 0 }}>
      {typeof replicas === 'object'
        ? t.costRange(cost(replicas.min ?? 0), cost(replicas.max))
        : t.cost(cost(replicas))}
    </Typography.Paragraph>
  );
}
