import { CopyOutlined, DeleteOutlined } from '@ant-design/icons';
import { Button, Card, Flex, Tooltip } from 'antd';
import type { SignatureField } from '@/components/model/signature';
import { useTexts } from '@/i18n';
import { Fields } from './Fields';

type Row = Readonly<Record<string, unknown>>;

/** One row of the body. */
export function RowCard(props: {
  number: number;
  fields: readonly SignatureField[];
  row: Row;
  onChange: (row: Row) => void;
  onCopy: () => void;
  /** null: the only row stays. */
  onRemove: (() => void) | null;
}) {
  const t = useTexts().debug;
  return (
    <Card
      size="small"
      type="inner"
      title={t.row(String(props.number))}
      extra={
        <Flex gap={4}>
          <Tooltip title={t.copyRow}>
            <Button
              size="small"
              type="text"
              icon={<CopyOutlined />}
              aria-label={t.copyRow}
              onClick={props.onCopy}
            />
          </Tooltip>
          {props.onRemove !== null && (
            <Tooltip title={t.removeRow}>
              <Button
                size="small"
                type="text"
                icon={<DeleteOutlined />}
                aria-label={t.removeRow}
                onClick={props.onRemove}
              />
            </Tooltip>
          )}
        </Flex>
      }
    >
      <Fields name={`row${props.number}`} fields={props.fields} row={props.row} onChange={props.onChange} />
    </Card>
  );
}
