import { useQuery } from '@tanstack/react-query';
import { Form, Select } from 'antd';
import { useColumnNames } from '@/components/column/names';
import { useTexts } from '@/i18n';
import { metricOf } from '../metrics';
import { columnsQuery } from '../queries';
import { ofModel } from './suggestions';
import type { RuleValues } from './values';

/** The columns that a metric is of; `*` is all of them. */
export function ColumnsField({ service }: { service: string }) {
  const t = useTexts().quality;
  const form = Form.useFormInstance<RuleValues>();
  const kind = Form.useWatch('kind', form) ?? 'drift';
  const metric = metricOf(kind, Form.useWatch('metric', form) ?? '');
  const { data } = useQuery(columnsQuery(service));
  const nameOf = useColumnNames(service);
  if (metric?.isOfColumns !== true) return null;
  return (
    <Form.Item
      name="columns"
      label={t.ofColumns}
      extra={t.ofColumnsHint}
      rules={[{ required: true, message: t.needed }]}
    >
      <Select
        mode="tags"
        optionFilterProp="label"
        options={[
          { value: '*', label: t.allColumns },
          ...ofModel(data?.columns ?? []).map(({ name }) => ({ value: name, label: nameOf(name) })),
        ]}
      />
    </Form.Item>
  );
}
