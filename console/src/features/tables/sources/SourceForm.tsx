import { Form, Input, Segmented, Switch } from 'antd';
import { DurationField, isCron } from '@/components/form/DurationField';
import { NameField } from '@/components/form/NameFields';
import { DefinitionForm } from '@/components/review/DefinitionForm';
import { useTexts } from '@/i18n';
import { PlaceFields } from './PlaceFields';
import { createSource, readSource, replaceSource, type Source, useSourceWrite } from './queries';
import { definitionOf, newSourceOf, type SourceValues, valuesOf } from './values';

const FORMATS = ['csv', 'parquet', 'delta', 'sql'] as const;

/** A new source, or another definition of one. */
export function SourceForm(props: { service: string; of: Source | null; onClose: () => void }) {
  const t = useTexts().labelSources;
  const { service, of } = props;
  const create = useSourceWrite((values: SourceValues) => createSource(service, newSourceOf(values)));
  const replace = useSourceWrite(({ onto, values }: { onto: Source; values: SourceValues }) =>
    replaceSource(onto, definitionOf(values)),
  );
  const column = (name: 'row' | 'labelled_at', label: string) => (
    <Form.Item name={name} label={label}>
      <Input spellCheck={false} autoComplete="off" maxLength={256} />
    </Form.Item>
  );
  const needed = [{ required: true, message: t.needed }];
  return (
    <DefinitionForm<Source, SourceValues>
      of={of}
      title={of === null ? t.create : t.edit(of.name)}
      valuesOf={valuesOf}
      create={(values) => create.mutateAsync(values)}
      replace={(onto, values) => replace.mutateAsync({ onto, values })}
      read={readSource}
      definitionOf={definitionOf}
      onClose={props.onClose}
    >
      {of === null && <NameField />}
      <Form.Item name="format" label={t.format}>
        <Segmented block options={FORMATS.map((value) => ({ value, label: t.formats[value] }))} />
      </Form.Item>
      <PlaceFields />
      <Form.Item name="key" label={t.key} extra={t.keyHint} rules={needed}>
        <Input.TextArea spellCheck={false} autoSize={{ minRows: 1, maxRows: 4 }} />
      </Form.Item>
      <Form.Item name="label" label={t.label} extra={t.labelHint} rules={needed}>
        <Input.TextArea spellCheck={false} autoSize={{ minRows: 1, maxRows: 8 }} />
      </Form.Item>
      {column('row', t.row)}
      {column('labelled_at', t.labelledAt)}
      <DurationField name="schedule" label={t.schedule} hint={t.scheduleHint} isAllowed={isCron} />
      <Form.Item name="paused" label={t.paused}>
        <Switch />
      </Form.Item>
    </DefinitionForm>
  );
}
