import { Link } from '@tanstack/react-router';
import { Alert, Breadcrumb, Flex, Typography } from 'antd';
import type { Service, Version } from '@/api';
import { TrafficBar } from '@/components/chart/TrafficBar';
import { CopyText } from '@/components/text/CopyText';
import { StatusTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';
import { VersionActions } from '../actions/VersionActions';

export function VersionHeader(props: { service: Service; version: Version; mayEdit: boolean }) {
  const t = useTexts().versions;
  const { service, version } = props;
  const path = service.url.replace(/\/predict$/, `/versions/${version.name}/predict`);
  return (
    <Flex vertical gap="small">
      <Breadcrumb
        items={[
          {
            title: (
              <Link to="/services/$service/versions" params={{ service: service.name }}>
                {t.title}
              </Link>
            ),
          },
          { title: version.name },
        ]}
      />
      <Flex justify="space-between" gap="middle" wrap>
        <Flex gap="small" align="center" wrap>
          <Typography.Title level={2} style={{ fontSize: 18, margin: 0 }}>
            {version.name}
          </Typography.Title>
          <StatusTag status={version.status} reason={version.message} />
          <TrafficBar share={version.traffic_weight} label={`${t.traffic} ${version.traffic_weight} %`} />
          <CopyText text={path} />
        </Flex>
        <VersionActions {...props} />
      </Flex>
      {version.description !== '' && (
        <Typography.Text style={{ overflowWrap: 'anywhere' }}>{version.description}</Typography.Text>
      )}
      {version.restart_to_apply.length > 0 && (
        <Alert type="warning" showIcon title={t.restartToApply(version.restart_to_apply.join(', '))} />
      )}
    </Flex>
  );
}
