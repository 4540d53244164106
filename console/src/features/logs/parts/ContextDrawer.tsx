import { LinkOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Drawer, Skeleton, Typography } from 'antd';
import { useEffect, useRef } from 'react';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useCopy } from '@/components/text/useCopy';
import { useTexts } from '@/i18n';
import { contextQuery } from '../queries';
import { LogLine } from './LogLine';
import './logs.css';

/** A line among its neighbours; its address is the link to the line. */
export function ContextDrawer(props: { service: string; line: string; onClose: () => void }) {
  const t = useTexts().logs;
  const shared = useTexts().components;
  const { service, line } = props;
  const { data, error, isPending } = useQuery(contextQuery(service, line));
  const [isCopied, copy] = useCopy();
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (data !== undefined) holder.current?.querySelector('.log-marked')?.scrollIntoView({ block: 'center' });
  }, [data]);
  const pod = data?.items.find(({ id }) => id === line)?.pod;
  return (
    <Drawer
      title={t.context}
      open={line !== ''}
      onClose={props.onClose}
      size="large"
      extra={
        <Button icon={<LinkOutlined />} onClick={() => copy(location.href)}>
          {isCopied ? shared.copied : t.copyLink}
        </Button>
      }
    >
      {pod !== undefined && (
        <Typography.Paragraph type="secondary">{t.contextHint(pod)}</Typography.Paragraph>
      )}
      {error !== null && <ErrorNotice error={asApiError(error)} />}
      {isPending && line !== '' && error === null && <Skeleton active />}
      <div ref={holder} className="log-context">
        {data?.items.toReversed().map((one) => (
          <LogLine key={one.id} service={service} line={one} words="" isMarked={one.id === line} />
        ))}
      </div>
    </Drawer>
  );
}
