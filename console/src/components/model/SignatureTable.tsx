import { Table, Tag, Typography } from 'antd';
import { useTexts } from '@/i18n';
import type { Signature, SignatureField } from './signature';

type Part = keyof Signature;
type Row = SignatureField & { readonly key: string; readonly part: Part };

/** What a model takes and gives: inputs, outputs and parameters in one table. */
export function SignatureTable({ signature }: { signature: Signature }) {
  const t = useTexts().models;
  const rows = (['inputs', 'params', 'outputs'] as const).flatMap((part) => rowsOf(part, signature[part]));
  return (
    <Table<Row>
      size="small"
      pagination={false}
      scroll={{ x: 'max-content', ...(rows.length > 14 ? { y: 420 } : {}) }}
      dataSource={rows}
      columns={[
        { title: t.part, width: 110, render: (_, row) => t.parts[row.part] },
        {
          title: t.column,
          render: (_, row) => <Typography.Text code>{row.name ?? t.unnamed}</Typography.Text>,
        },
        { title: t.type, dataIndex: 'type' },
        {
          title: t.required,
          render: (_, row) => (row.part === 'outputs' ? null : <Requirement field={row} />),
        },
      ]}
    />
  );
}

function Requirement({ field }: { field: SignatureField }) {
  const t = useTexts().models;
  if (field.fallback !== undefined) return <>{t.fallback(JSON.stringify(field.fallback))}</>;
  return field.required ? t.required : <Tag>{t.optional}</Tag>;
}

function rowsOf(part: Part, fields: readonly SignatureField[]): Row[] {
  return fields.map((field, index) => ({ ...field, part, key: `${part} ${index}` }));
}
