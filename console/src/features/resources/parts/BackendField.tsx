import { useQuery } from '@tanstack/react-query';
import { Form, Select } from 'antd';
import { backendsQuery } from '@/api';
import { useTexts } from '@/i18n';
import type { Group } from '../queries';

const DEFAULT = 'default';

/** What is to run the pods of a group; nothing to choose where there is one backend and the group names none. */
export function BackendField({ current = null }: { current?: Group['backend'] }) {
  const t = useTexts().resources.groups;
  const { data: backends = [] } = useQuery(backendsQuery);
  if (backends.length < 2 && current === null) return null;
  const byDefault = backends.find((each) => each.is_default);
  const options = [
    { value: DEFAULT, label: byDefault ? t.defaultIs(t.backends[byDefault.name]) : t.byDefault },
    ...backends.map((each) => ({ value: each.name, label: t.runsOn(t.backends[each.name], each.machine) })),
  ];
  return (
    <Form.Item
      name="backend"
      label={t.backend}
      extra={t.backendHint}
      initialValue={current}
      getValueProps={(value: Group['backend']) => ({ value: value ?? DEFAULT })}
      normalize={(value: string) => (value === DEFAULT ? null : value)}
    >
      <Select options={options} />
    </Form.Item>
  );
}
