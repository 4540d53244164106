import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Flex, Form, Input, Select } from 'antd';
import { useTexts } from '@/i18n';

/** Environment variables of the pods: values, or keys of secrets. */
export function EnvFields() {
  const t = useTexts().publish;
  return (
    <Form.Item label={t.env}>
      <Form.List name="env">
        {(fields, { add, remove }) => (
          <Flex vertical gap="small" align="start">
            {fields.map(({ key, name }) => (
              <EnvField key={key} index={name} onRemove={() => remove(name)} />
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({ kind: 'value' })}>
              {t.envAdd}
            </Button>
          </Flex>
        )}
      </Form.List>
    </Form.Item>
  );
}

function EnvField({ index, onRemove }: { index: number; onRemove: () => void }) {
  const t = useTexts().publish;
  const kind = Form.useWatch(['env', index, 'kind']);
  const input = (field: string, label: string) => (
    <Form.Item name={[index, field]} noStyle>
      <Input aria-label={label} placeholder={label} autoComplete="off" spellCheck={false} />
    </Form.Item>
  );
  return (
    <Flex gap="small" style={{ width: '100%' }}>
      {input('name', t.envName)}
      <Form.Item name={[index, 'kind']} noStyle>
        <Select
          aria-label={t.envKinds.value}
          style={{ width: 130 }}
          options={(['value', 'secret'] as const).map((value) => ({ value, label: t.envKinds[value] }))}
        />
      </Form.Item>
      {kind === 'secret' ? (
        <>
          {input('secret', t.envSecret)}
          {input('key', t.envKey)}
        </>
      ) : (
        input('value', t.envValue)
      )}
      <Button type="text" icon={<DeleteOutlined />} aria-label={t.envRemove} onClick={onRemove} />
    </Flex>
  );
}
