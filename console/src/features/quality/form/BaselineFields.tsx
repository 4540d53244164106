import { DatePicker, Form, Input, InputNumber, Select } from 'antd';
import dayjs from 'dayjs';
import { useTexts } from '@/i18n';
import { metricOf } from '../metrics';
import type { RuleValues } from './values';

const BASELINES = ['training', 'window', 'seasonal', 'table', 'file'] as const;

/** What windows are compared with, where the metric compares. */
export function BaselineFields() {
  const t = useTexts().quality;
  const form = Form.useFormInstance<RuleValues>();
  const kind = Form.useWatch('kind', form) ?? 'drift';
  const metric = metricOf(kind, Form.useWatch('metric', form) ?? '');
  const chosen = Form.useWatch(['baseline', 'kind'], form);
  if (metric?.hasBaseline !== true) return null;
  return (
    <>
      <Form.Item name={['baseline', 'kind']} label={t.baseline}>
        <Select options={BASELINES.map((value) => ({ value, label: t.baselines[value] }))} />
      </Form.Item>
      {(chosen === 'table' || chosen === 'file') && (
        <Form.Item
          name={['baseline', 'location']}
          label={t.location}
          extra={t.locationHint}
          rules={[{ required: true, message: t.needed }]}
        >
          <Input spellCheck={false} autoComplete="off" maxLength={1024} />
        </Form.Item>
      )}
      {chosen === 'window' && <Earlier />}
      {chosen === 'seasonal' && (
        <Form.Item name={['baseline', 'weeks']} label={t.weeks}>
          <InputNumber min={1} max={12} placeholder="4" style={{ width: '100%' }} />
        </Form.Item>
      )}
    </>
  );
}

/** An earlier time; both empty: the first window with enough rows. */
function Earlier() {
  const t = useTexts().quality;
  return (
    <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 16 }}>
      {(['start', 'end'] as const).map((which) => (
        <Form.Item
          key={which}
          name={['baseline', which]}
          label={t.earlier[which]}
          getValueProps={(value: string) => ({ value: value ? dayjs(value) : null })}
          normalize={(value: dayjs.Dayjs | null) => value?.toISOString() ?? ''}
        >
          <DatePicker showTime style={{ width: '100%' }} />
        </Form.Item>
      ))}
    </div>
  );
}
