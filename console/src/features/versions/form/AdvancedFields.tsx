import { Flex } from 'antd';
import { EnvFields } from '@/components/version/EnvFields';
import { RateFields, RequestFields } from '@/components/version/LimitFields';
import { RecordingFields } from '@/components/version/RecordingFields';
import { RuntimeFields } from '@/components/version/RuntimeFields';
import type { VersionValues } from '@/components/version/values';

const ADVANCED: readonly (keyof VersionValues)[] = [
  'rate_limit',
  'max_concurrency',
  'request_timeout_ms',
  'log_delivery',
  'env',
  'runtime',
];

/** Whether a field is among those that the form shows only when it is asked to. */
export function isAdvanced(name: readonly (string | number)[]): boolean {
  return ADVANCED.some((field) => field === name[0]);
}

export function AdvancedFields() {
  return (
    <>
      <RateFields />
      <Flex gap="large" wrap>
        <RequestFields />
      </Flex>
      <RecordingFields />
      <EnvFields />
      <RuntimeFields />
    </>
  );
}
