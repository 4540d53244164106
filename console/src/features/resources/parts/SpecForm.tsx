import { Form, Input, InputNumber } from 'antd';
import { FormModal } from '@/components/form/FormModal';
import { DescriptionField, NameField } from '@/components/form/NameFields';
import { useGpuKindRule, useKindOfGpusRule } from '@/components/version/resources/gpuKind';
import { useTexts } from '@/i18n';
import { changeSpec, createSpec, type NewSpec, type Spec, useResourceWrite } from '../queries';
import { SizeFields } from './SizeFields';

export function SpecForm({ spec, onClose }: { spec: Spec | null; onClose: () => void }) {
  const t = useTexts().resources.specs;
  const r = useTexts().resources;
  const write = useResourceWrite((typed: NewSpec) => {
    const values = { ...typed, gpu_kind: typed.gpu_kind?.trim() || null };
    const { name: _, ...changed } = values;
    return spec === null ? createSpec(values) : changeSpec(spec, changed);
  });
  const initial = spec ?? { gpu: 0, price_per_hour: 0, description: '' };
  return (
    <FormModal<NewSpec>
      title={spec === null ? t.create : t.edit(spec.name)}
      initial={initial}
      submit={write.mutateAsync}
      onClose={onClose}
    >
      {spec === null && <NameField />}
      <SizeFields />
      <Form.Item
        name="gpu_kind"
        label={r.gpuKind}
        extra={r.gpuKindHint}
        dependencies={['gpu']}
        rules={[useGpuKindRule(), useKindOfGpusRule()]}
      >
        <Input maxLength={64} placeholder={r.anyKind} />
      </Form.Item>
      <Form.Item name="price_per_hour" label={t.price} rules={[{ required: true }]}>
        <InputNumber min={0} max={1_000_000} step={0.01} style={{ width: '100%' }} />
      </Form.Item>
      <DescriptionField />
    </FormModal>
  );
}
