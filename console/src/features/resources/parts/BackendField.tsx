import { Form, Select } from 'antd';
import { BackendOption, Problem } from '@/components/backend/BackendOption';
import { useBackends } from '@/components/backend/useBackends';
import { useTexts } from '@/i18n';
import type { Group } from '../queries';

const DEFAULT = 'default';
const named = (value: string) => (value === DEFAULT ? null : (value as Group['backend']));

/** What is to run the pods of a group; nothing to choose where there is one backend and the group names none. `of`: that has pods. */
export function BackendField({ of = null }: { of?: Group | null }) {
  const t = useTexts().resources.groups;
  const { all, runnerOf } = useBackends();
  const chosen: Group['backend'] = Form.useWatch('backend') ?? null;
  const current = of?.backend ?? null;
  if (all.length < 2 && current === null) return null;
  const options = [
    { value: DEFAULT, label: runnerOf(null).word },
    ...all.map(({ name }) => ({ value: name as string, label: runnerOf(name).place })),
  ];
  return (
    <Form.Item
      name="backend"
      label={t.backend}
      extra={
        <>
          <div role="status">
            <Problem of={runnerOf(chosen)} />
          </div>
          {of !== null && t.backendHint}
        </>
      }
      initialValue={current}
      getValueProps={(value: Group['backend']) => ({ value: value ?? DEFAULT })}
      normalize={named}
    >
      <Select
        options={options}
        optionRender={({ label, value }) => (
          <BackendOption name={String(label)} runner={runnerOf(named(String(value)))} />
        )}
      />
    </Form.Item>
  );
}
