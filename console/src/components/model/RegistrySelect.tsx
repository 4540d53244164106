import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { useTexts } from '@/i18n';
import { registriesQuery } from './queries';

/** Chooses the tracking server; not shown where there is only the platform's own. `''` is that one. */
export function RegistrySelect(props: { value?: string; onChange?: (registry: string) => void }) {
  const t = useTexts().models;
  const { data: registries = [] } = useQuery(registriesQuery);
  if (registries.length === 0 && !props.value) return null;
  return (
    <Select
      aria-label={t.registry}
      style={{ minWidth: 200 }}
      value={props.value ?? ''}
      {...(props.onChange === undefined ? {} : { onChange: props.onChange })}
      options={[
        { value: '', label: t.ownRegistry },
        ...registries.map(({ name }) => ({ value: name, label: name })),
      ]}
    />
  );
}
