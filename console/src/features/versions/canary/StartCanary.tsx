import { Form, Select } from 'antd';
import type { Service } from '@/api';
import { PlanFields } from '@/components/canary/PlanFields';
import { type PlanValues, planOf, planValues } from '@/components/canary/plan';
import { FormModal } from '@/components/form/FormModal';
import { merged } from '@/components/form/merged';
import { useTexts } from '@/i18n';
import { startCanary, useCanaryWrite } from './queries';

interface Values extends PlanValues {
  readonly version: string;
}

/** Which version takes over, in which steps, and what it must not make worse. */
export function StartCanary({ service, onClose }: { service: Service; onClose: () => void }) {
  const { canary: t } = useTexts();
  const write = useCanaryWrite((values: Values) =>
    startCanary(service.name, { version: values.version, ...planOf(values) }),
  );
  const others = service.versions.filter(({ traffic_weight: weight }) => weight < 100);
  const [newest] = [...others].sort((a, b) => b.created_at.localeCompare(a.created_at));
  const begin: Values = { ...planValues(null), version: newest?.name ?? '' };
  return (
    <FormModal<Values>
      title={t.start}
      action={t.start}
      initial={begin}
      submit={(typed) => write.mutateAsync(merged(begin, typed))}
      onClose={onClose}
    >
      <p>{t.startHint}</p>
      <Form.Item name="version" label={t.version} rules={[{ required: true, message: t.needed }]}>
        <Select options={others.map(({ name }) => ({ value: name, label: name }))} />
      </Form.Item>
      <PlanFields at={[]} />
    </FormModal>
  );
}
