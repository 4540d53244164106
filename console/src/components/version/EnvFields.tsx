import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Flex, Form, type FormItemProps, Input, Select } from 'antd';
import { useTexts } from '@/i18n';
import { VARIABLE_NAME } from '../form/errors/patterns';
import type { EnvRow } from './env';
import { useFieldName, useValue } from './place';

type Rule = NonNullable<FormItemProps['rules']>[number];

const LONGEST = { name: 128, kind: 0, value: 8192, secret: 63, key: 63 } as const;

/** Environment variables of the pods: values, or keys of secrets. */
export function EnvFields() {
  const t = useTexts().versionFields;
  const field = useFieldName();
  const [rows] = useValue('env');
  return (
    <Form.Item label={t.env}>
      <Form.List name={field('env')}>
        {(fields, { add, remove }) => (
          <Flex vertical gap="small" align="start">
            {fields.map(({ key, name }) => (
              <EnvField key={key} index={name} kind={rows?.[name]?.kind} onRemove={() => remove(name)} />
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

function EnvField(props: { index: number; kind: EnvRow['kind']; onRemove: () => void }) {
  const t = useTexts().versionFields;
  const { index, kind, onRemove } = props;
  const input = (field: keyof EnvRow, label: string, isNeeded: boolean, rules: Rule[] = []) => (
    <Form.Item
      name={[index, field]}
      noStyle
      rules={isNeeded ? [{ required: true, message: `${label}: ${t.needed}` }, ...rules] : rules}
    >
      <Input
        aria-label={label}
        placeholder={label}
        autoComplete="off"
        spellCheck={false}
        maxLength={LONGEST[field]}
      />
    </Form.Item>
  );
  return (
    <Flex gap="small" style={{ width: '100%' }}>
      {input('name', t.envName, true, [{ pattern: VARIABLE_NAME, message: t.envNameRule }])}
      <Form.Item name={[index, 'kind']} noStyle>
        <Select
          aria-label={t.envKinds.value}
          style={{ width: 130 }}
          options={(['value', 'secret'] as const).map((value) => ({ value, label: t.envKinds[value] }))}
        />
      </Form.Item>
      {kind === 'secret' ? (
        <>
          {input('secret', t.envSecret, true)}
          {input('key', t.envKey, true)}
        </>
      ) : (
        input('value', t.envValue, false)
      )}
      <Button type="text" icon={<DeleteOutlined />} aria-label={t.envRemove} onClick={onRemove} />
    </Flex>
  );
}
