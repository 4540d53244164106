import { Flex, Select } from 'antd';
import { memo } from 'react';
import { useSession } from '@/api';
import { SearchField, WordField } from '@/components/filter/FilterField';
import type { SearchSetter } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import { type Filters, type PARAMS, STATUSES } from '../filters';

/** Beside a menu of 208 the filters fill one line of a page of 1,280. */
const WIDTH = { width: 136 };

interface Shown {
  filters: Filters;
  setFilters: SearchSetter<typeof PARAMS>;
}

const SHOWN = ['q', 'status', 'type', 'project', 'creator', 'tag'] as const;

/** Rendered anew where what it shows is another, not for each page of the list. */
export const FilterBar = memo(Bar, (before, now) =>
  SHOWN.every((name) => before.filters[name] === now.filters[name]),
);

function Bar({ filters, setFilters }: Shown) {
  const { services: t, common, components } = useTexts();
  const { roles } = useSession();
  const onChange = (change: Partial<Filters>) => setFilters({ cursor: '', ...change });
  const choose = (name: 'project' | 'type' | 'status', options: { value: string; label: string }[]) => (
    <Select
      aria-label={t.filter[name]}
      style={WIDTH}
      value={filters[name]}
      options={[{ value: '', label: t.any[name] }, ...options]}
      onChange={(value) => onChange({ [name]: value })}
    />
  );
  const word = (name: 'creator' | 'tag') => (
    <WordField
      label={t.filter[name]}
      placeholder={t.any[name]}
      width={150}
      value={filters[name]}
      onChange={(value) => onChange({ [name]: value })}
    />
  );
  return (
    <Flex component="search" gap="small" wrap style={{ marginBottom: 12 }}>
      <SearchField
        label={common.search}
        placeholder={t.searchHint}
        width={276}
        value={filters.q}
        onChange={(q) => onChange({ q })}
      />
      {choose(
        'status',
        STATUSES.map((value) => ({ value, label: components.status[value] })),
      )}
      {choose(
        'type',
        ['ml', 'llm'].map((value) => ({ value, label: value })),
      )}
      {choose(
        'project',
        Object.keys(roles).map((value) => ({ value, label: value })),
      )}
      {word('creator')}
      {word('tag')}
    </Flex>
  );
}
