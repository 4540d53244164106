import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { useState } from 'react';
import { modelQuery, modelsQuery } from '@/components/model/queries';
import { useTexts } from '@/i18n';

/** What a form's item hands to the field inside of it. */
interface Field {
  readonly id?: string;
  readonly value?: string;
  readonly onChange?: (value: string) => void;
}

/** Searches the registry by part of the name. */
export function ModelSelect(props: Field & { registry: string; onPicked: () => void }) {
  const t = useTexts().versionFields;
  const [search, setSearch] = useState('');
  const { data, isFetching } = useQuery(modelsQuery(search, props.registry));
  return (
    <Select
      {...(props.id === undefined ? {} : { id: props.id })}
      value={props.value || null}
      showSearch={{ filterOption: false, onSearch: setSearch }}
      loading={isFetching}
      notFoundContent={t.noModels}
      options={(data?.items ?? []).map(({ name }) => ({ value: name, label: name }))}
      onChange={(model: string | null) => {
        props.onPicked();
        props.onChange?.(model ?? '');
      }}
    />
  );
}

export function VersionSelect(props: Field & { model: string; registry: string }) {
  const { data, isFetching } = useQuery(modelQuery(props.model, props.registry));
  const aliasesOf = (version: string) =>
    Object.entries(data?.aliases ?? {})
      .filter(([, of]) => of === version)
      .map(([alias]) => `@${alias}`);
  return (
    <Select
      {...(props.id === undefined ? {} : { id: props.id })}
      style={{ maxWidth: 320 }}
      value={props.value || null}
      loading={isFetching}
      showSearch
      options={(data?.versions ?? []).map((version) => ({
        value: version,
        label: [version, ...aliasesOf(version)].join(' '),
      }))}
      onChange={(version: string | null) => props.onChange?.(version ?? '')}
    />
  );
}

export function AliasSelect(props: Field & { model: string; registry: string }) {
  const t = useTexts().versionFields;
  const { data, isFetching } = useQuery(modelQuery(props.model, props.registry));
  return (
    <Select
      {...(props.id === undefined ? {} : { id: props.id })}
      style={{ maxWidth: 320 }}
      value={props.value || null}
      loading={isFetching}
      notFoundContent={t.noAliases}
      options={Object.entries(data?.aliases ?? {}).map(([alias, version]) => ({
        value: alias,
        label: t.aliasOf(alias, version),
      }))}
      onChange={(alias: string | null) => props.onChange?.(alias ?? '')}
    />
  );
}
