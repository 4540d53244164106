import { useQuery } from '@tanstack/react-query';
import { AutoComplete, Checkbox, Flex, Select, Switch, Tooltip } from 'antd';
import { serviceQuery } from '@/api';
import { SearchField } from '@/components/filter/FilterField';
import { useDraft } from '@/components/filter/useDraft';
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
      <PodField
        value={filters.pod}
        names={(pods?.items ?? []).map(({ name }) => name)}
        onChange={(pod) => onChange({ pod })}
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
      <SearchField
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
      <SearchField
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

/** A pod of now, or the name of one that is gone. */
function PodField(props: { value: string; names: string[]; onChange: (pod: string) => void }) {
  const t = useTexts().logs;
  const { value, onChange } = props;
  const [draft, setDraft] = useDraft(value);
  const take = (pod: string) => pod.trim() !== value && onChange(pod.trim());
  return (
    <AutoComplete
      aria-label={t.pod}
      style={{ width: 220 }}
      placeholder={t.allPods}
      allowClear
      value={draft}
      onChange={(typed: string | undefined) => setDraft(typed ?? '')}
      options={props.names.map((name) => ({ value: name }))}
      onSelect={(pod) => take(pod ?? '')}
      onClear={() => take('')}
      onBlur={() => take(draft)}
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
