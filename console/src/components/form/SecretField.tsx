import { useQuery } from '@tanstack/react-query';
import { Form, Select } from 'antd';
import { type Schemas, secretsOfKind } from '@/api';

/** One of the secrets of a kind. */
export function SecretField(props: {
  kind: Schemas['SecretView']['kind'];
  texts: { readonly secret: string; readonly needed: string; readonly noSecrets: string };
}) {
  const { texts: t } = props;
  const { data, isPending } = useQuery(secretsOfKind(props.kind));
  return (
    <Form.Item name="secret" label={t.secret} rules={[{ required: true, message: t.needed }]}>
      <Select
        loading={isPending}
        notFoundContent={t.noSecrets}
        options={(data ?? []).map(({ name, project }) => ({ value: name, label: `${name} (${project})` }))}
      />
    </Form.Item>
  );
}
