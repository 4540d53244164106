import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { useTexts } from '@/i18n';
import { triggersQuery } from '../queries';

/** Whose retrainings are shown. */
export function TriggerChoice(props: {
  service: string;
  value: string;
  onChange: (trigger: string) => void;
}) {
  const { retraining: t } = useTexts();
  const { data } = useQuery(triggersQuery(props.service));
  return (
    <Select
      aria-label={t.trigger}
      style={{ minWidth: 160 }}
      value={props.value}
      options={[
        { value: '', label: t.everyTrigger },
        ...(data ?? []).map(({ name }) => ({ value: name, label: name })),
      ]}
      onChange={props.onChange}
    />
  );
}
