import { MoreOutlined } from '@ant-design/icons';
import { App } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { asApiError, useMay, useOperateService } from '@/api';
import { OpenMenu } from '@/components/menu/OpenMenu';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import type { Service } from '../queries';
import { actionItems } from './actionItems';

const DeleteService = lazy(async () => ({
  default: (await import('@/components/service/DeleteService')).DeleteService,
}));

/** The menu of a row, opened: it is made for the row in which it was asked for. */
export function RowMenu({ service }: { service: Service }) {
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
    <>
      <OpenMenu
        type="text"
        size="small"
        icon={<MoreOutlined />}
        loading={change.isPending}
        aria-label={texts.services.moreActions(service.name)}
        menu={{ items: actionItems(service, texts, isEditor), onClick }}
      />
      <Suspense>
        {isDeleting && (
          <DeleteService
            service={service.name}
            onDone={() => void message.success(texts.common.deleted)}
            onClose={() => setDeleting(false)}
          />
        )}
      </Suspense>
    </>
  );
}
