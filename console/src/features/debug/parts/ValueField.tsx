import { Input, InputNumber, Select } from 'antd';
import { useState } from 'react';
import type { SignatureField } from '@/components/model/signature';
import { useTexts } from '@/i18n';
import { parseJson } from '../body';

interface ValueFieldProps {
  readonly id: string;
  readonly field: SignatureField;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** A value by its type; one that is not of that type is shown as JSON, not changed. */
export function ValueField(props: ValueFieldProps) {
  const { field, value } = props;
  const isMissing = value === null || value === undefined;
  if (/^(long|integer|double|float)$/.test(field.type) && (isMissing || typeof value === 'number')) {
    return <NumberField {...props} />;
  }
  if (field.type === 'boolean' && (isMissing || typeof value === 'boolean')) return <FlagField {...props} />;
  const isText = /^(string|datetime|binary)$/.test(field.type);
  if (isText && (isMissing || typeof value === 'string')) return <TextField {...props} />;
  return <JsonField {...props} />;
}

function NumberField({ id, field, value, onChange }: ValueFieldProps) {
  const isWhole = /^(long|integer)$/.test(field.type);
  return (
    <InputNumber
      id={id}
      style={{ width: '100%' }}
      value={value as number | null}
      {...(isWhole ? { precision: 0 } : {})}
      onChange={(next) => onChange(next)}
    />
  );
}

function FlagField({ id, field, value, onChange }: ValueFieldProps) {
  return (
    <Select
      id={id}
      style={{ width: '100%' }}
      value={value ?? null}
      allowClear={!field.required}
      options={[
        { value: true, label: 'true' },
        { value: false, label: 'false' },
      ]}
      onChange={(next) => onChange(next ?? null)}
    />
  );
}

function TextField({ id, field, value, onChange }: ValueFieldProps) {
  return (
    <Input
      id={id}
      value={(value as string | null) ?? ''}
      placeholder={field.type === 'datetime' ? '2024-02-29T12:00:00Z' : ''}
      spellCheck={false}
      onChange={({ target }) => onChange(target.value === '' && !field.required ? null : target.value)}
    />
  );
}

/** What has a type of parts: JSON, taken once it is JSON. */
function JsonField({ id, value, onChange }: ValueFieldProps) {
  const t = useTexts().debug;
  const [typed, setTyped] = useState<string | null>(null);
  const isWrong = typed !== null && parseJson(typed) === undefined;
  return (
    <>
      <Input.TextArea
        id={id}
        autoSize={{ minRows: 1, maxRows: 6 }}
        value={typed ?? JSON.stringify(value ?? null)}
        status={isWrong ? 'error' : ''}
        aria-invalid={isWrong}
        spellCheck={false}
        onBlur={() => !isWrong && setTyped(null)}
        onChange={({ target }) => {
          setTyped(target.value);
          const parsed = parseJson(target.value);
          if (parsed !== undefined) onChange(parsed);
        }}
      />
      {isWrong && <span role="alert">{t.notAType}</span>}
    </>
  );
}
