import { DownloadOutlined, ReloadOutlined } from '@ant-design/icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, Flex, Typography } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import { asApiError } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import type { Range } from '@/components/time/timeRange';
import { useFormats, useTexts } from '@/i18n';
import { type Filters, lineQuery, rangeQuery } from '../address';
import { codeForms } from '../code';
import { downloadAddress, type Line, linesQuery } from '../queries';
import { LogList } from './LogList';

/** A search may read through pages without a hit: it goes on until it has so many lines, at most so many pages. */
const ENOUGH_LINES = 200;
const MOST_PAGES = 20;

/** Stored lines of a range: the newest at the end, older ones by scrolling up. */
export function Stored({ service, filters, range }: { service: string; filters: Filters; range: Range }) {
  const t = useTexts().logs;
  const formats = useFormats();
  const [now, setNow] = useState(() => Date.now());
  const between = useMemo(() => rangeQuery(range, now), [range, now]);
  const query = useInfiniteQuery(linesQuery(service, filters, between));
  const { data, hasNextPage, isFetching, fetchNextPage } = query;
  const lines = useMemo(() => oldestFirst(data?.pages ?? []), [data]);
  const isSearching = lines.length < ENOUGH_LINES && (data?.pages.length ?? 0) < MOST_PAGES;
  useEffect(() => {
    if (isSearching && hasNextPage && !isFetching) void fetchNextPage();
  }, [isSearching, hasNextPage, isFetching, fetchNextPage]);
  const isFiltered = Object.keys(lineQuery(filters)).length > 0;
  return (
    <>
      <Flex gap="small" align="center" wrap style={{ marginBottom: 8 }}>
        <Typography.Text type="secondary" role="status">
          {isFetching ? t.loading : t.count(formats.number(lines.length))}
        </Typography.Text>
        <span style={{ flex: 1 }} />
        <Button size="small" icon={<ReloadOutlined />} onClick={() => setNow(Date.now())}>
          {t.refresh}
        </Button>
        <Button
          size="small"
          icon={<DownloadOutlined />}
          href={downloadAddress(service, filters, between)}
          download
        >
          {t.download}
        </Button>
        <AsCode forms={codeForms(service, filters, between)} />
      </Flex>
      {query.error !== null && (
        <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />
      )}
      {lines.length === 0 && !isFetching && query.error === null ? (
        <EmptyState
          title={isFiltered ? t.noneFound : t.empty}
          hint={isFiltered ? t.noneFoundHint : t.emptyHint}
        />
      ) : (
        <LogList
          service={service}
          lines={lines}
          words={filters.regex ? '' : filters.search}
          isWrapped={filters.wrap}
          marked={filters.line}
          older={hasNextPage && !isFetching ? () => void fetchNextPage() : null}
        />
      )}
    </>
  );
}

function oldestFirst(pages: readonly { items: readonly Line[] }[]): Line[] {
  return pages.flatMap(({ items }) => items).reverse();
}
