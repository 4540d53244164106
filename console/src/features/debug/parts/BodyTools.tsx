import { UploadOutlined } from '@ant-design/icons';
import { App, Button, Flex, Tooltip, Upload } from 'antd';
import type { Signature } from '@/components/model/signature';
import { useFormats, useTexts } from '@/i18n';
import { emptyTable, readTable, writeTable } from '../body';
import { importCsv } from '../csv';
import { tidy } from '../useBody';

/** Other ways to fill the body: the model's example, a CSV file. */
export function BodyTools(props: {
  signature: Signature | null;
  example: string;
  body: string;
  onChange: (body: string) => void;
}) {
  const t = useTexts().debug;
  const formats = useFormats();
  const { message } = App.useApp();
  const { body, onChange } = props;
  const inputs = props.signature?.inputs ?? [];
  const takeCsv = async (file: File) => {
    const { rows, unknown } = importCsv(await file.text(), inputs);
    if (rows.length === 0 || Object.keys(rows[0] ?? {}).length === 0) return void message.error(t.csvFailed);
    const read = readTable(body, inputs);
    const table = typeof read === 'string' ? emptyTable(inputs) : read;
    onChange(writeTable({ ...table, rows }, inputs));
    message.success(t.imported(formats.number(rows.length)));
    if (unknown.length > 0) message.warning(t.unknownColumns(unknown.join(', ')));
  };
  const hasColumns = inputs.length > 0 && !inputs.some(({ isTensor }) => isTensor);
  return (
    <Flex gap="small" wrap>
      {props.example !== '' && (
        <Tooltip title={t.exampleHint}>
          <Button size="small" onClick={() => onChange(props.example)}>
            {t.example}
          </Button>
        </Tooltip>
      )}
      {hasColumns && (
        <Upload
          accept=".csv,text/csv"
          showUploadList={false}
          beforeUpload={(file) => {
            void takeCsv(file);
            return false;
          }}
        >
          <Button size="small" icon={<UploadOutlined />}>
            {t.csv}
          </Button>
        </Upload>
      )}
      <Button size="small" onClick={() => onChange(tidy(body))}>
        {t.format}
      </Button>
    </Flex>
  );
}
