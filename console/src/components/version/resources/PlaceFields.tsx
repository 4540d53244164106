import { Form, Radio } from 'antd';
import { useTexts } from '@/i18n';
import { useFieldName, useValue } from '../place';
import { GROUP, SHARED } from '../values';
import { GroupFields } from './GroupFields';
import { SpecTable } from './SpecTable';

/** Where pods run and with how much: a size in the shared pool, or a group of the project. */
export function PlaceFields({ project }: { project: string }) {
  const t = useTexts().versionFields;
  const field = useFieldName();
  const [place, setPlace] = useValue('resource_source');
  return (
    <>
      <Form.Item label={t.where}>
        <Radio.Group
          optionType="button"
          value={place?.kind}
          onChange={({ target }) => setPlace(target.value === 'group' ? GROUP : SHARED)}
          options={(['shared', 'group'] as const).map((value) => ({ value, label: t.places[value] }))}
        />
      </Form.Item>
      {place?.kind === 'group' ? (
        <GroupFields project={project} />
      ) : (
        <Form.Item name={field('resource_source', 'spec')} label={t.spec}>
          <SpecTable />
        </Form.Item>
      )}
    </>
  );
}
