import { Alert, type AlertProps } from 'antd';
import { useTexts } from '@/i18n';
import type { ModelVersion } from './queries';

const TYPES: Record<NonNullable<ModelVersion['environment']>['state'], NonNullable<AlertProps['type']>> = {
  own: 'success',
  built: 'success',
  to_build: 'warning',
  refused: 'error',
  unknown: 'info',
};

/** Whether the first start waits for an environment, and which lines make it so. */
export function EnvironmentNotice({ version }: { version: ModelVersion }) {
  const t = useTexts().models;
  const { environment } = version;
  if (!environment) {
    return version.requirements?.length ? (
      <Alert type="info" showIcon title={t.environment} style={{ marginBottom: 12 }} />
    ) : null;
  }
  const unmet = environment.state === 'to_build' && environment.unmet.length > 0;
  const description = unmet ? t.unmet(environment.unmet.join(', ')) : environment.reason;
  return (
    <Alert
      type={TYPES[environment.state]}
      showIcon
      title={t.environments[environment.state]}
      {...(description ? { description } : {})}
      style={{ marginBottom: 12, overflowWrap: 'anywhere' }}
    />
  );
}
