import { useQuery } from '@tanstack/react-query';
import { Flex, Segmented, Select } from 'antd';
import { serviceQuery } from '@/api';
import { SearchField } from '@/components/filter/FilterField';
import { TimeRange } from '@/components/time/TimeRange';
import type { Range } from '@/components/time/timeRange';
import { useTexts } from '@/i18n';
import { BYS, type MonitorSearch, STEPS } from '../search';

/** Range, step, and which versions and pods. */
export function Controls(props: {
  service: string;
  range: Range;
  setRange: (range: Range) => void;
  search: MonitorSearch;
  setSearch: (change: Partial<MonitorSearch>) => void;
}) {
  const t = useTexts().monitor;
  const { search, setSearch } = props;
  const { data: service } = useQuery(serviceQuery(props.service));
  const names = (service?.versions ?? []).map((version) => ({ value: version.name, label: version.name }));
  return (
    <Flex gap="middle" wrap style={{ marginBottom: 16 }}>
      <TimeRange value={props.range} onChange={props.setRange} />
      <Select
        aria-label={t.step}
        value={search.step}
        options={STEPS.map((value) => ({ value, label: t.steps[value] }))}
        onChange={(step) => setSearch({ step })}
        style={{ minWidth: 120 }}
      />
      <Segmented
        aria-label={t.by}
        value={search.by}
        options={BYS.map((value) => ({ value, label: t.bys[value] }))}
        onChange={(by) => setSearch({ by })}
      />
      <Select
        aria-label={t.version}
        value={search.version}
        options={[{ value: '', label: t.allVersions }, ...names]}
        onChange={(version) => setSearch({ version })}
        style={{ minWidth: 140 }}
      />
      <SearchField
        label={t.pod}
        placeholder={t.allPods}
        width={220}
        value={search.pod}
        onChange={(pod) => setSearch({ pod })}
      />
    </Flex>
  );
}
