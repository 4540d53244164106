import { useQuery } from '@tanstack/react-query';
import { AutoComplete, Checkbox, Flex, Input, Select, Switch, Tooltip } from 'antd';
import { serviceQuery } from '@/api';
import { TimeRange } from '@/components/time/TimeRange';
import type { Range } from '@/components/time/timeRange';
import { useTexts } from '@/i18n';
import { type Filters, LEVELS } from '../address';
import { podsQuery } from '../queries';

/** Which lines are shown. */
export function LogFilters(props: {
  service: string;
  filters: Filters;
  onChange: (change: Partial<Filters>, options?: { push: boolean }) => void;
  range: Range;
  onRange: (range: Range) => void;
}) {
  const t = useTexts().logs;
  const { service, filters, onChange } = props;
  const { data: read } = useQuery(serviceQuery(service));
  const { data: pods } = useQuery(podsQuery(service, filters.version));
  return (
    <Flex gap="small" wrap align="center" style={{ marginBottom: 12 }}>
      <Select
        aria-label={t.version}
        style={{ minWidth: 150 }}
        value={filters.version}
        onChange={(version) => onChange({ version, pod: '' }, { push: true })}
        options={[
          { value: '', label: t.allVersions },
          ...(read?.versions ?? []).map(({ name }) => ({ value: name, label: name })),
        ]}
      />
      <AutoComplete
        key={`pod ${filters.pod}`}
        aria-label={t.pod}
        style={{ width: 220 }}
        placeholder={t.allPods}
        allowClear
        defaultValue={filters.pod}
        options={(pods?.items ?? []).map(({ name }) => ({ value: name }))}
        onSelect={(pod) => onChange({ pod })}
        onClear={() => onChange({ pod: '' })}
        onBlur={(event) => onChange({ pod: (event.target as HTMLInputElement).value.trim() })}
      />
      <Select
        aria-label={t.level}
        mode="multiple"
        maxTagCount="responsive"
        style={{ minWidth: 170 }}
        placeholder={t.allLevels}
        value={[...filters.level]}
        onChange={(level) => onChange({ level })}
        options={LEVELS.map((level) => ({ value: level, label: t.levels[level] }))}
      />
      <TextField
        label={filters.regex ? t.regex : t.search}
        value={filters.search}
        width={260}
        onChange={(search) => onChange({ search })}
      />
      <Tooltip title={t.regexHint}>
        <Checkbox checked={filters.regex} onChange={(event) => onChange({ regex: event.target.checked })}>
          {t.regex}
        </Checkbox>
      </Tooltip>
      <TextField
        label={t.request}
        value={filters.request}
        width={220}
        onChange={(request) => onChange({ request })}
      />
      {!filters.follow && (
        <TimeRange value={props.range} onChange={props.onRange} spans={['1h', '24h', '7d', '15d']} />
      )}
      <Toggle label={t.follow} isOn={filters.follow} onChange={(follow) => onChange({ follow })} />
      <Toggle label={t.wrap} isOn={filters.wrap} onChange={(wrap) => onChange({ wrap })} />
    </Flex>
  );
}

/** Searches when it is asked to, not at each letter. */
function TextField(props: {
  label: string;
  value: string;
  width: number;
  onChange: (value: string) => void;
}) {
  return (
    <Input.Search
      key={props.value}
      aria-label={props.label}
      placeholder={props.label}
      allowClear
      defaultValue={props.value}
      style={{ width: props.width }}
      onSearch={(value) => props.onChange(value.trim())}
    />
  );
}

function Toggle(props: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <Flex component="label" gap={6} align="center">
      <Switch size="small" checked={props.isOn} onChange={props.onChange} aria-label={props.label} />
      {props.label}
    </Flex>
  );
}
