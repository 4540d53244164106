import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Card, Flex, Typography } from 'antd';
import { asApiError } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { StatusTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';
import { servedQuery } from '../queries';

/** Versions of services that run any version of this model; those of the chosen one stand out. */
export function Served(props: { model: string; registry: string; chosen: string }) {
  const t = useTexts().models;
  const { data = [], error, isPending } = useQuery(servedQuery(props.model, props.registry));
  return (
    <Card size="small" title={t.served} loading={isPending} style={{ marginTop: 16 }}>
      {error !== null && <ErrorNotice error={asApiError(error)} />}
      {data.length === 0 && error === null && (
        <Typography.Text type="secondary">{t.notServed}</Typography.Text>
      )}
      <Flex vertical gap="small">
        {data.map((one) => (
          <Flex key={`${one.service}/${one.version}`} gap="small" align="center" wrap>
            <Link
              to="/services/$service/versions/$version"
              params={{ service: one.service, version: one.version }}
            >
              {one.service} · {one.version}
            </Link>
            <Typography.Text strong={one.modelVersion === props.chosen} type="secondary">
              {t.details(one.modelVersion)}
            </Typography.Text>
            <StatusTag status={one.status} />
          </Flex>
        ))}
      </Flex>
    </Card>
  );
}
