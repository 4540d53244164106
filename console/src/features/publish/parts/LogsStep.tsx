import { Form, Input, InputNumber, Switch } from 'antd';
import { useTexts } from '@/i18n';

const DELIVERY = ['version', 'log_delivery'];

export function LogsStep() {
  const t = useTexts().publish;
  const isOn = Form.useWatch([...DELIVERY, 'enabled']);
  return (
    <>
      <Form.Item name={[...DELIVERY, 'enabled']} label={t.delivery}>
        <Switch />
      </Form.Item>
      <Form.Item
        name={[...DELIVERY, 'sample_rate']}
        label={t.sample}
        hidden={!isOn}
        getValueProps={(share: number) => ({ value: share * 100 })}
        normalize={(percent: number | null) => (percent ?? 100) / 100}
      >
        <InputNumber min={0} max={100} style={{ width: 160 }} />
      </Form.Item>
      <Form.Item
        name={[...DELIVERY, 'destination']}
        label={t.destination}
        extra={t.destinationHint}
        hidden={!isOn}
      >
        <Input spellCheck={false} maxLength={1024} />
      </Form.Item>
    </>
  );
}
