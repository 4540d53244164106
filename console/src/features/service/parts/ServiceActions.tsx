import { DeleteOutlined, PlayCircleOutlined, ReloadOutlined, StopOutlined } from '@ant-design/icons';
import { useNavigate } from '@tanstack/react-router';
import { App, Button, Tooltip } from 'antd';
import { useState } from 'react';
import { activeVersions, asApiError, isAtRest, type Service, useOperateService, type Verb } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { DeleteService } from '@/components/service/DeleteService';
import { useTexts } from '@/i18n';

/** Start, stop, restart, delete: each offered where it would do something. */
export function ServiceActions({ service }: { service: Service }) {
  const t = useTexts().service;
  const { modal } = App.useApp();
  const navigate = useNavigate();
  const operate = useOperateService(service.name);
  const [isDeleting, setDeleting] = useState(false);
  const isActive = activeVersions(service).length > 0;
  const mayDelete = service.versions.every(isAtRest);

  const run = (verb: Verb) =>
    operate.mutateAsync(verb).catch((thrown: unknown) => {
      modal.error({ title: t[verb], content: <ErrorNotice error={asApiError(thrown)} />, icon: null });
    });
  const confirm = (title: string, content: string, verb: Verb) =>
    modal.confirm({ title, content, okText: t[verb], onOk: () => run(verb) });
  const isBusy = (verb: Verb) => operate.isPending && operate.variables === verb;
  return (
    <>
      {!isActive && service.versions.length > 0 && (
        <Button
          type="primary"
          icon={<PlayCircleOutlined />}
          loading={isBusy('start')}
          onClick={() => void run('start')}
        >
          {t.start}
        </Button>
      )}
      {isActive && (
        <>
          <Button
            icon={<ReloadOutlined />}
            loading={isBusy('restart')}
            onClick={() => confirm(t.restartTitle(service.name), t.restartText, 'restart')}
          >
            {t.restart}
          </Button>
          <Button
            icon={<StopOutlined />}
            loading={isBusy('stop')}
            onClick={() => confirm(t.stopTitle(service.name), t.stopText, 'stop')}
          >
            {t.stop}
          </Button>
        </>
      )}
      <Tooltip title={mayDelete ? '' : t.deleteWhileRunning}>
        <Button danger icon={<DeleteOutlined />} disabled={!mayDelete} onClick={() => setDeleting(true)}>
          {t.delete}
        </Button>
      </Tooltip>
      {isDeleting && (
        <DeleteService
          service={service.name}
          onDone={() => void navigate({ to: '/services' })}
          onClose={() => setDeleting(false)}
        />
      )}
    </>
  );
}
