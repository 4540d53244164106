import { useQuery } from '@tanstack/react-query';
import { Button, Flex } from 'antd';
import { useState } from 'react';
import { Histogram } from '@/components/chart/Histogram';
import { ColumnName } from '@/components/column/ColumnName';
import { useColumnNames } from '@/components/column/names';
import { ListCard } from '@/components/page/ListCard';
import { Muted } from '@/components/text/Muted';
import { useFormats, useTexts } from '@/i18n';
import { RuleForm } from '../form/RuleForm';
import { ofModel, suggested, type Watch, watchesOf } from '../form/suggestions';
import type { RuleValues } from '../form/values';
import { type ColumnStatistics, columnsQuery, rulesQuery } from '../queries';

/** Features and predictions of the last week: a click makes a rule on one, with sensible values filled in. */
export function ColumnsCard({ service, mayEdit }: { service: string; mayEdit: boolean }) {
  const { quality: t, tables } = useTexts();
  const formats = useFormats();
  const query = useQuery(columnsQuery(service));
  const { data: rules } = useQuery(rulesQuery(service));
  const [begin, setBegin] = useState<RuleValues | null>(null);
  const nameOf = useColumnNames(service);
  const names = (rules ?? []).map(({ name }) => name);
  const said = (value: unknown) => (typeof value === 'number' ? formats.number(value, 3) : '–');
  const share = ({ nulls, count }: ColumnStatistics) =>
    formats.percent(nulls + count === 0 ? 0 : nulls / (nulls + count));
  return (
    <>
      <ListCard<ColumnStatistics>
        texts={{ title: t.columns, empty: t.noColumns, emptyHint: t.noColumnsHint }}
        query={{ ...query, data: query.data === undefined ? undefined : ofModel(query.data?.columns ?? []) }}
        rowKey={({ name }) => name}
        rowActions={
          mayEdit &&
          ((column) => (
            <Watches
              of={column}
              called={nameOf(column.name)}
              choose={(watch) => setBegin(suggested(watch, column, names, nameOf(column.name)))}
            />
          ))
        }
        columns={[
          {
            title: tables.column.name,
            key: 'name',
            render: (_, { name, type }) => (
              <div style={NAME}>
                <ColumnName service={service} of={name} /> <Muted>{type}</Muted>
              </div>
            ),
          },
          {
            title: tables.statistics.shape,
            key: 'shape',
            render: (_, { histogram }) => <Histogram bins={histogram} />,
          },
          { title: tables.statistics.nulls, key: 'nulls', align: 'right', render: (_, of) => share(of) },
          { title: tables.statistics.mean, key: 'mean', align: 'right', render: (_, { mean }) => said(mean) },
          {
            title: t.watchedBy,
            key: 'rules',
            render: (_, { name }) => <WatchedBy service={service} column={name} />,
          },
        ]}
      />
      {begin !== null && (
        <RuleForm service={service} of={null} begin={begin} onClose={() => setBegin(null)} />
      )}
    </>
  );
}

const NAME = { minWidth: 140, maxWidth: 220, whiteSpace: 'normal', overflowWrap: 'anywhere' } as const;

function Watches(props: { of: ColumnStatistics; called: string; choose: (watch: Watch) => void }) {
  const { of, called, choose } = props;
  const t = useTexts().quality;
  return (
    <Flex gap="small">
      {watchesOf(of).map((watch) => (
        <Button
          key={watch}
          size="small"
          aria-label={t.watch(t.watches[watch], called)}
          onClick={() => choose(watch)}
        >
          {t.watches[watch]}
        </Button>
      ))}
    </Flex>
  );
}

function WatchedBy({ service, column }: { service: string; column: string }) {
  const { data: rules } = useQuery(rulesQuery(service));
  const called = useColumnNames(service)(column);
  const own = (rules ?? []).filter(
    ({ columns, kind }) =>
      columns.includes(column) ||
      columns.includes(called) ||
      (columns.includes('*') && (kind === 'drift' || kind === 'data_quality')),
  );
  return (
    <div style={{ maxWidth: 150 }}>
      <Muted isLine>{own.map(({ name }) => name).join(', ') || '–'}</Muted>
    </div>
  );
}
