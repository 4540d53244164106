import { useQuery } from '@tanstack/react-query';
import { Flex, Input, Select } from 'antd';
import { serviceQuery } from '@/api';
import { useTexts } from '@/i18n';
import type { EventFilter } from '../filter';
import type { Kind, Level } from '../queries';

const LEVELS: readonly Level[] = ['error', 'warning', 'info'];
const KINDS: readonly Kind[] = ['service', 'version', 'pod'];

type Filter = EventFilter & { readonly version: string };

export function EventFilters(props: {
  service: string;
  value: Filter;
  onChange: (change: Partial<Filter>) => void;
}) {
  const t = useTexts().events;
  const { value, onChange } = props;
  const { data: service } = useQuery(serviceQuery(props.service));
  return (
    <Flex gap="small" wrap>
      <Select
        style={{ minWidth: 150 }}
        aria-label={t.filterVersion}
        value={value.version}
        onChange={(version) => onChange({ version })}
        options={[
          { value: '', label: t.filterVersion },
          ...(service?.versions.map(({ name }) => ({ value: name, label: name })) ?? []),
        ]}
      />
      <Select<Level[]>
        mode="multiple"
        style={{ minWidth: 170 }}
        aria-label={t.level}
        placeholder={t.filterLevels}
        value={[...value.level]}
        onChange={(level) => onChange({ level })}
        options={LEVELS.map((level) => ({ value: level, label: t.levels[level] }))}
      />
      <Select<Kind[]>
        mode="multiple"
        style={{ minWidth: 170 }}
        aria-label={t.kind}
        placeholder={t.filterKinds}
        value={[...value.kind]}
        onChange={(kind) => onChange({ kind })}
        options={KINDS.map((kind) => ({ value: kind, label: t.kinds[kind] }))}
      />
      <Input.Search
        style={{ width: 260 }}
        aria-label={t.filterText}
        placeholder={t.filterText}
        allowClear
        value={value.q}
        onChange={(event) => onChange({ q: event.target.value })}
      />
    </Flex>
  );
}
