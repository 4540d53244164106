import { Menu } from 'antd';
import type { RegisteredModel } from '@/components/model/queries';
import { useTexts } from '@/i18n';
import { Aliases } from './Aliases';

/** Versions, newest first, each with its aliases. */
export function VersionList(props: {
  model: RegisteredModel;
  chosen: string;
  onChoose: (version: string) => void;
}) {
  const t = useTexts().models;
  const aliases = Object.entries(props.model.aliases ?? {});
  const named = (version: string) => aliases.filter(([, of]) => of === version).map(([alias]) => alias);
  return (
    <Menu
      style={{ border: 'none', maxHeight: 480, overflow: 'auto' }}
      selectedKeys={[props.chosen]}
      onSelect={({ key }) => props.onChoose(key)}
      items={(props.model.versions ?? []).map((version) => ({
        key: version,
        label: t.details(version),
        ...(named(version).length > 0 ? { extra: <Aliases aliases={named(version)} /> } : {}),
      }))}
    />
  );
}
