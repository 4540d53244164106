import { Alert, Flex } from 'antd';
import { CopyText } from '@/components/text/CopyText';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import type { Table, TableDetails } from '../queries';

/** How a table does: what keeps its rows, how much it holds, where it lies. */
export function TableState({ table, details }: { table: Table; details: TableDetails | undefined }) {
  const t = useTexts().tables;
  const formats = useFormats();
  const { blocked } = table;
  const facts = [
    t.rowCount(formats.number(table.rows)),
    ...(details ? [t.files(formats.number(details.files), formats.bytes(details.bytes))] : []),
    t.version(formats.number(table.version)),
    ...(details?.from_time && details.to_time
      ? [t.span(formats.dateTime(details.from_time), formats.dateTime(details.to_time))]
      : []),
  ];
  return (
    <Flex vertical gap="small">
      {table.status === 'blocked' && (
        <Alert
          type="warning"
          showIcon
          title={t.blocked(formats.number(blocked?.waiting_rows ?? 0))}
          description={
            <>
              <div>
                {blocked?.reason} <Timestamp at={blocked?.since} />
              </div>
              {blocked && blocked.dropped_rows > 0 && t.dropped(formats.number(blocked.dropped_rows))}
            </>
          }
        />
      )}
      {table.status === 'missing' && (
        <Alert type="error" showIcon title={t.missing} description={t.missingHint} />
      )}
      <Flex gap="middle" wrap align="center">
        {facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
        {details?.last_commit && (
          <Muted>
            {t.lastCommit} {details.last_commit.operation} <Timestamp at={details.last_commit.at} />
          </Muted>
        )}
        <CopyText text={table.location} />
      </Flex>
    </Flex>
  );
}
