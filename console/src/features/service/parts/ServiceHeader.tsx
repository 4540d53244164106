import { LockOutlined, UnlockOutlined } from '@ant-design/icons';
import { Flex, Tag, Tooltip, Typography } from 'antd';
import { type Service, useMay } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { callForms } from '@/components/code/callForms';
import { PageHeader } from '@/components/page/PageHeader';
import { CopyText } from '@/components/text/CopyText';
import { StatusTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';
import { ServiceActions } from './ServiceActions';

export function ServiceHeader({ service }: { service: Service }) {
  const t = useTexts().service;
  const mayEdit = useMay()('editor', service.project);
  const reason = service.versions.find((version) => version.reason !== null)?.message ?? null;
  return (
    <PageHeader
      title={service.name}
      status={
        <>
          <StatusTag status={service.status} reason={reason} />
          <AuthTag isOn={service.auth_enabled} />
        </>
      }
      description={
        <Flex vertical gap={2}>
          {service.description !== '' && (
            <Typography.Text style={{ overflowWrap: 'anywhere' }}>{service.description}</Typography.Text>
          )}
          <span>
            {t.url} <CopyText text={service.url} />
          </span>
        </Flex>
      }
      actions={
        <>
          <AsCode title={t.asCodeTitle} forms={callForms(service)} />
          {mayEdit && <ServiceActions service={service} />}
        </>
      }
    />
  );
}

/** Whether callers need a key, in plain sight: an open service is a decision that everybody should see. */
function AuthTag({ isOn }: { isOn: boolean }) {
  const t = useTexts().service;
  return (
    <Tooltip title={isOn ? t.authOnHint : t.authOffHint}>
      <Tag
        tabIndex={0}
        color={isOn ? 'default' : 'warning'}
        icon={isOn ? <LockOutlined /> : <UnlockOutlined />}
        style={{ marginInlineEnd: 0 }}
      >
        {isOn ? t.authOn : t.authOff}
      </Tag>
    </Tooltip>
  );
}
