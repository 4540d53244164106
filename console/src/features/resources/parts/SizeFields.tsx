import { Form, InputNumber } from 'antd';
import { useTexts } from '@/i18n';

/** The fields of a size: cores, memory, GPUs. */
export function SizeFields() {
  const t = useTexts().resources;
  const fields = [
    { name: 'cpu', label: t.cpu, least: 0.1, most: 1024, step: 0.5 },
    { name: 'memory_gb', label: t.memory, least: 0.1, most: 65_536, step: 0.5 },
    { name: 'gpu', label: t.gpu, least: 0, most: 64, step: 1 },
  ];
  return fields.map((field) => (
    <Form.Item key={field.name} name={field.name} label={field.label} rules={[{ required: true }]}>
      <InputNumber
        min={field.least}
        max={field.most}
        step={field.step}
        {...(field.name === 'gpu' ? { precision: 0 } : {})}
        style={{ width: '100%' }}
      />
    </Form.Item>
  ));
}
