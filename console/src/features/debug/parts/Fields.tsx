import { Typography } from 'antd';
import type { SignatureField } from '@/components/model/signature';
import { useTexts } from '@/i18n';
import { columnName } from '../body';
import { ValueField } from './ValueField';

type Row = Readonly<Record<string, unknown>>;

/** A field for each column, with its name and type. */
export function Fields(props: {
  name: string;
  fields: readonly SignatureField[];
  row: Row;
  onChange: (row: Row) => void;
}) {
  const t = useTexts().debug;
  return (
    <div style={{ display: 'grid', gap: 10, gridTemplateColumns: 'repeat(auto-fill, minmax(170px, 1fr))' }}>
      {props.fields.map((field, index) => {
        const column = columnName(field, index);
        const id = `${props.name}-${index}`;
        return (
          <div key={column} style={{ minWidth: 0 }}>
            <label htmlFor={id} style={{ display: 'block', overflowWrap: 'anywhere' }}>
              {column}{' '}
              <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                {field.type}
                {field.required ? '' : ` · ${t.optional}`}
              </Typography.Text>
            </label>
            <ValueField
              id={id}
              field={field}
              value={props.row[column]}
              onChange={(value) => props.onChange({ ...props.row, [column]: value })}
            />
          </div>
        );
      })}
    </div>
  );
}
