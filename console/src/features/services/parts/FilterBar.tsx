import { Flex, Input, Select } from 'antd';
import { memo } from 'react';
import { useSession } from '@/api';
import type { SearchSetter } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import { type Filters, type PARAMS, STATUSES } from '../filters';

/** Beside a menu of 208 the filters fill one line of a page of 1,280. */
const WIDTH = { width: 136 };
const WORD = { width: 150 };

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
  const word = (name: 'creator' | 'tag') => {
    // A field that was only passed through leaves the list at its page.
    const take = (typed: string) => typed.trim() !== filters[name] && onChange({ [name]: typed.trim() });
    return (
      <Input
        key={`${name} ${filters[name]}`}
        aria-label={t.filter[name]}
        placeholder={t.any[name]}
        style={WORD}
        allowClear
        defaultValue={filters[name]}
        onPressEnter={(event) => take(event.currentTarget.value)}
        onBlur={(event) => take(event.currentTarget.value)}
      />
    );
  };
  return (
    <Flex component="search" gap="small" wrap style={{ marginBottom: 12 }}>
      <Input.Search
        key={`q ${filters.q}`}
        aria-label={common.search}
        placeholder={t.searchHint}
        style={{ width: 276 }}
        allowClear
        defaultValue={filters.q}
        onSearch={(q) => onChange({ q: q.trim() })}
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
