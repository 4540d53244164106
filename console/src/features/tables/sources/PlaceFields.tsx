import { useQuery } from '@tanstack/react-query';
import { Form, Input, Select } from 'antd';
import { secretsOfKind } from '@/api';
import { useTexts } from '@/i18n';
import type { SourceValues } from './values';

/** Where labels lie: a place, or a query on a database. */
export function PlaceFields() {
  const t = useTexts().labelSources;
  const format = Form.useWatch('format', Form.useFormInstance<SourceValues>());
  if (format === 'sql') return <QueryFields />;
  return (
    <Form.Item
      name="location"
      label={t.location}
      extra={t.locationHint}
      rules={[{ required: true, message: t.needed }]}
    >
      <Input spellCheck={false} autoComplete="off" maxLength={1024} />
    </Form.Item>
  );
}

function QueryFields() {
  const t = useTexts().labelSources;
  const { data, isPending } = useQuery(secretsOfKind('postgresql'));
  const needed = [{ required: true, message: t.needed }];
  return (
    <>
      <Form.Item name="secret" label={t.secret} rules={needed}>
        <Select
          loading={isPending}
          notFoundContent={t.noSecrets}
          options={(data ?? []).map(({ name }) => ({ value: name, label: name }))}
        />
      </Form.Item>
      <Form.Item name="query" label={t.query} extra={t.queryHint} rules={needed}>
        <Input.TextArea spellCheck={false} autoSize={{ minRows: 2, maxRows: 10 }} maxLength={16_384} />
      </Form.Item>
      <Form.Item name="growing" label={t.growing} extra={t.growingHint}>
        <Input spellCheck={false} autoComplete="off" maxLength={256} />
      </Form.Item>
    </>
  );
}
