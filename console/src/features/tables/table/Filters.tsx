import { DownloadOutlined, ReloadOutlined } from '@ant-design/icons';
import { Button, Flex, Segmented, Select, Tooltip } from 'antd';
import { TimeRange } from '@/components/time/TimeRange';
import { readRange, writtenRange } from '@/components/time/timeRange';
import { useTexts } from '@/i18n';
import { type Column, fileAddress, type Selection } from '../queries';
import { FALLBACK, FIRST_PAGE, type RowsSearch, type SetRowsSearch, VIEWS } from './search';
import { WhereBox } from './WhereBox';
import type { WrongFilter } from './where';

/** Which rows and columns are shown, how, and their files. */
export function Filters(props: {
  selection: Selection;
  columns: readonly Column[];
  search: RowsSearch;
  setSearch: SetRowsSearch;
  wrong: WrongFilter | null;
  refresh: () => void;
}) {
  const t = useTexts().tables;
  const { selection, search, setSearch, wrong } = props;
  const options = props.columns.map(({ name, original_name: original }) => ({
    value: name,
    label: original ?? name,
  }));
  return (
    <Flex vertical gap="small">
      <WhereBox
        where={search.where}
        wrong={wrong}
        apply={(where) => setSearch({ where, ...FIRST_PAGE }, { push: true })}
      />
      <Flex gap="small" wrap align="center">
        <Segmented
          aria-label={t.view}
          value={search.view}
          options={VIEWS.map((value) => ({ value, label: t.views[value] }))}
          onChange={(view) => setSearch({ view }, { push: true })}
        />
        <TimeRange
          value={readRange(search, FALLBACK)}
          onChange={(range) => setSearch({ ...writtenRange(range, FALLBACK), ...FIRST_PAGE }, { push: true })}
          spans={['1h', '24h', '7d', '30d']}
        />
        <Select
          mode="multiple"
          allowClear
          aria-label={t.columns}
          placeholder={t.allColumns}
          maxTagCount={2}
          value={[...search.columns]}
          options={options}
          onChange={(columns) => setSearch({ columns, ...FIRST_PAGE })}
          style={{ minWidth: 200, maxWidth: 420 }}
        />
        <Button icon={<ReloadOutlined />} onClick={props.refresh} aria-label={t.refresh} />
        <Tooltip title={t.downloadHint}>
          <Flex gap="small">
            {(['csv', 'parquet'] as const).map((format) => (
              <Button
                key={format}
                icon={<DownloadOutlined />}
                disabled={wrong !== null}
                href={fileAddress(selection, format, Date.now())}
                download={`${selection.table}.${format}`}
              >
                {t.downloads[format]}
              </Button>
            ))}
          </Flex>
        </Tooltip>
      </Flex>
    </Flex>
  );
}
