import { Card, Descriptions, Tag } from 'antd';
import type { Service } from '@/api';
import { CopyText } from '@/components/text/CopyText';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';

export function AboutCard({ service }: { service: Service }) {
  const { service: t, common } = useTexts();
  const tags = Object.entries(service.tags);
  return (
    <Card size="small" title={t.about}>
      <Descriptions
        size="small"
        column={1}
        items={[
          { key: 'id', label: 'ID', children: <CopyText text={service.id} /> },
          { key: 'type', label: common.type, children: t.ofType[service.type] ?? service.type },
          { key: 'project', label: common.project, children: service.project },
          {
            key: 'tags',
            label: common.tags,
            children:
              tags.length === 0
                ? common.none
                : tags.map(([name, value]) => <Tag key={name}>{`${name}: ${value}`}</Tag>),
          },
          { key: 'fallback', label: t.fallback, children: service.fallback ?? t.fallbackNone },
          { key: 'creator', label: common.creator, children: service.creator },
          { key: 'created', label: common.created, children: <Timestamp at={service.created_at} exact /> },
          { key: 'updated', label: common.updated, children: <Timestamp at={service.updated_at} exact /> },
        ]}
      />
    </Card>
  );
}
