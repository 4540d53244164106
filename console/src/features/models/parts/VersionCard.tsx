import { useQuery } from '@tanstack/react-query';
import { Alert, Card, Flex, Typography } from 'antd';
import { asApiError } from '@/api';
import { ModelVersionDetails } from '@/components/model/ModelVersionDetails';
import { modelVersionQuery } from '@/components/model/queries';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { Aliases } from './Aliases';
import { PublishButton } from './PublishButton';

/** The chosen version, whole. */
export function VersionCard(props: { model: string; version: string; registry: string }) {
  const t = useTexts().models;
  const { model, version, registry } = props;
  const { data, error, isPending, refetch } = useQuery(modelVersionQuery(model, version, registry));
  const isReady = data === undefined || (data.status ?? 'READY') === 'READY';
  return (
    <Card
      size="small"
      loading={isPending}
      title={
        <Flex gap="small" align="center">
          {t.details(version)} {data?.aliases?.length ? <Aliases aliases={data.aliases} /> : null}
        </Flex>
      }
      extra={isReady && <PublishButton model={model} version={version} registry={registry} isPrimary />}
    >
      {error !== null && <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />}
      {!isReady && <Alert type="warning" showIcon title={t.notReady(data.status ?? '')} />}
      {data?.description && <Typography.Paragraph>{data.description}</Typography.Paragraph>}
      {data !== undefined && <ModelVersionDetails version={data} />}
    </Card>
  );
}
