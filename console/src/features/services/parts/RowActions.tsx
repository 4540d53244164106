import { MoreOutlined } from '@ant-design/icons';
import { Link } from '@tanstack/react-router';
import { App, Button, Dropdown, Space } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { asApiError, useMay, useOperateService } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import type { Service } from '../queries';
import { actionItems } from './actionItems';

const DeleteService = lazy(async () => ({
  default: (await import('@/components/service/DeleteService')).DeleteService,
}));

/** What may be done with a service from its row: debug in one click, everything else in a menu. */
export function RowActions({ service }: { service: Service }) {
  const texts = useTexts();
  const may = useMay();
  const { modal, message } = App.useApp();
  const change = useOperateService(service.name);
  const [isDeleting, setDeleting] = useState(false);
  const isEditor = may('editor', service.project);
  const run = (verb: 'start' | 'stop') =>
    change.mutate(verb, {
      onError: (thrown) => modal.error({ content: <ErrorNotice error={asApiError(thrown)} />, icon: null }),
    });
  const stop = () =>
    modal.confirm({
      title: texts.services.stopTitle(service.name),
      content: texts.services.stopHint,
      okText: texts.common.stop,
      okButtonProps: { danger: true },
      onOk: () => run('stop'),
    });
  const onClick = ({ key }: { key: string }) => {
    if (key === 'start') run('start');
    else if (key === 'stop') stop();
    else if (key === 'delete') setDeleting(true);
  };
  return (
    <Space size={0}>
      <Link to="/services/$service/monitor" params={{ service: service.name }}>
        <Button type="link" size="small">
          {texts.services.monitor}
        </Button>
      </Link>
      <Dropdown trigger={['click']} menu={{ items: actionItems(service, texts, isEditor), onClick }}>
        <Button
          type="text"
          size="small"
          icon={<MoreOutlined />}
          loading={change.isPending}
          aria-label={texts.services.moreActions(service.name)}
        />
      </Dropdown>
      <Suspense>
        {isDeleting && (
          <DeleteService
            service={service.name}
            onDone={() => void message.success(texts.common.deleted)}
            onClose={() => setDeleting(false)}
          />
        )}
      </Suspense>
    </Space>
  );
}
