import { Form, Input, InputNumber, Switch } from 'antd';
import { useTexts } from '@/i18n';
import { MaskingFields } from './masking/MaskingFields';
import { useFieldName, useValue } from './place';

/** Which requests are recorded in the inference table, and where it lies. */
export function RecordingFields() {
  const t = useTexts().versionFields;
  const field = useFieldName();
  const [delivery] = useValue('log_delivery');
  const isOff = delivery?.enabled === false;
  return (
    <>
      <Form.Item name={field('log_delivery', 'enabled')} label={t.delivery}>
        <Switch />
      </Form.Item>
      <Form.Item
        name={field('log_delivery', 'sample_rate')}
        label={t.sample}
        hidden={isOff}
        getValueProps={(share: number) => ({ value: share * 100 })}
        normalize={(percent: number | null) => (percent ?? 100) / 100}
      >
        <InputNumber min={0} max={100} style={{ width: 160 }} />
      </Form.Item>
      <Form.Item
        name={field('log_delivery', 'destination')}
        label={t.destination}
        extra={t.destinationHint}
        hidden={isOff}
      >
        <Input spellCheck={false} autoComplete="off" maxLength={1024} />
      </Form.Item>
      <MaskingFields hidden={isOff} />
    </>
  );
}
