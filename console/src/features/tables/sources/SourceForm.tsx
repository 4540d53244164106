import { Form, Input, Segmented, Switch } from 'antd';
import { FormModal } from '@/components/form/FormModal';
import { NameField } from '@/components/form/NameFields';
import { useTexts } from '@/i18n';
import { PlaceFields } from './PlaceFields';
import { createSource, replaceSource, type Source, useSourceWrite } from './queries';
import { definitionOf, newSourceOf, type SourceValues, valuesOf } from './values';

const FORMATS = ['csv', 'parquet', 'delta', 'sql'] as const;

/** A new source, or another definition of one. */
export function SourceForm(props: { service: string; of: Source | null; onClose: () => void }) {
  const { labelSources: t, common } = useTexts();
  const { service, of } = props;
  const begin = valuesOf(of);
  const write = useSourceWrite((values: SourceValues) =>
    of === null ? createSource(service, newSourceOf(values)) : replaceSource(of, definitionOf(values)),
  );
  const column = (name: 'row' | 'labelled_at', label: string) => (
    <Form.Item name={name} label={label}>
      <Input spellCheck={false} autoComplete="off" maxLength={256} />
    </Form.Item>
  );
  const needed = [{ required: true, message: t.needed }];
  return (
    <FormModal<SourceValues>
      title={of === null ? t.create : t.edit(of.name)}
      {...(of === null && { action: common.create })}
      initial={begin}
      submit={(values) => write.mutateAsync({ ...begin, ...values })}
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
      <Form.Item name="schedule" label={t.schedule} extra={t.scheduleHint}>
        <Input spellCheck={false} autoComplete="off" maxLength={128} />
      </Form.Item>
      <Form.Item name="paused" label={t.paused}>
        <Switch />
      </Form.Item>
    </FormModal>
  );
}
