import { PauseCircleOutlined, SyncOutlined } from '@ant-design/icons';
import { Alert, Flex, Tag, Typography } from 'antd';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useFormats, useTexts } from '@/i18n';
import type { Filters } from '../address';
import { useFollowedLines } from '../useFollowedLines';
import { LogList } from './LogList';

/** Lines as they are printed; the view stays where it is while it is scrolled up. */
export function Followed({ service, filters }: { service: string; filters: Filters }) {
  const t = useTexts().logs;
  const formats = useFormats();
  const { lines, state, error, dropped } = useFollowedLines(service, filters, true);
  const isLive = state === 'following';
  return (
    <>
      <Flex gap="small" align="center" style={{ marginBottom: 8 }}>
        <Tag
          color={isLive ? 'processing' : 'default'}
          icon={isLive ? <SyncOutlined spin /> : <PauseCircleOutlined />}
        >
          {t[state]}
        </Tag>
        <Typography.Text type="secondary">{t.count(formats.number(lines.length))}</Typography.Text>
      </Flex>
      {error !== null && <ErrorNotice error={error} />}
      {dropped > 0 && (
        <Alert
          type="warning"
          showIcon
          title={t.dropped(formats.number(dropped))}
          style={{ marginBottom: 8 }}
        />
      )}
      {lines.length === 0 ? (
        <EmptyState title={t.noneYet} hint={t.emptyHint} />
      ) : (
        <LogList
          service={service}
          lines={lines}
          words={filters.regex ? '' : filters.search}
          isWrapped={filters.wrap}
          marked={filters.line}
          older={null}
        />
      )}
    </>
  );
}
