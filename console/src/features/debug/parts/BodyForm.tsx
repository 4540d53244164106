import { PlusOutlined } from '@ant-design/icons';
import { Alert, Button, Card, Flex, Pagination, Skeleton } from 'antd';
import { useState } from 'react';
import type { Signature } from '@/components/model/signature';
import { useTexts } from '@/i18n';
import { emptyRow, type Problem, readTable, type TableBody, writeTable } from '../body';
import { Fields } from './Fields';
import { RowCard } from './RowCard';

const ROWS = 4;

/** The body as a card for each row: it reads the JSON and writes it, so that both are always the same. */
export function BodyForm(props: {
  signature: Signature | null;
  isLoading: boolean;
  body: string;
  onChange: (body: string) => void;
}) {
  const { signature, body, onChange } = props;
  if (props.isLoading) return <Skeleton active />;
  if (signature === null || signature.inputs.length === 0) return <NoForm problem="signature" />;
  if (signature.inputs.some(({ isTensor }) => isTensor)) return <NoForm problem="tensor" />;
  const table = readTable(body, signature.inputs);
  if (typeof table === 'string') return <NoForm problem={table} />;
  return (
    <Rows
      signature={signature}
      table={table}
      onChange={(next) => onChange(writeTable(next, signature.inputs))}
    />
  );
}

function NoForm({ problem }: { problem: Problem | 'signature' | 'tensor' }) {
  const t = useTexts().debug;
  return <Alert type="info" showIcon title={t.noForm} description={t.problems[problem]} />;
}

function Rows(props: { signature: Signature; table: TableBody; onChange: (table: TableBody) => void }) {
  const t = useTexts().debug;
  const { signature, table, onChange } = props;
  const { rows } = table;
  const [page, setPage] = useState(1);
  const last = Math.max(1, Math.ceil(rows.length / ROWS));
  const shown = Math.min(page, last);
  const start = (shown - 1) * ROWS;
  const setRows = (next: TableBody['rows']) => onChange({ ...table, rows: next });
  const add = (row: TableBody['rows'][number]) => {
    setRows([...rows, row]);
    setPage(Math.ceil((rows.length + 1) / ROWS));
  };
  return (
    <Flex vertical gap="small">
      {rows.slice(start, start + ROWS).map((row, offset) => (
        <RowCard
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name than their place
          key={start + offset}
          number={start + offset + 1}
          fields={signature.inputs}
          row={row}
          onChange={(next) => setRows(rows.with(start + offset, next))}
          onCopy={() => add(row)}
          onRemove={rows.length > 1 ? () => setRows(rows.toSpliced(start + offset, 1)) : null}
        />
      ))}
      <Flex justify="space-between" gap="small" wrap>
        <Button icon={<PlusOutlined />} onClick={() => add(emptyRow(signature.inputs))}>
          {t.addRow}
        </Button>
        <Pagination
          size="small"
          hideOnSinglePage
          showSizeChanger={false}
          pageSize={ROWS}
          total={rows.length}
          current={shown}
          onChange={setPage}
        />
      </Flex>
      {signature.params.length > 0 && (
        <Card size="small" type="inner" title={t.params}>
          <Fields
            name="params"
            fields={signature.params}
            row={table.params}
            onChange={(params) => onChange({ ...table, params })}
          />
        </Card>
      )}
    </Flex>
  );
}
