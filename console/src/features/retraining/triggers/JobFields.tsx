import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Flex, Form, Input, Select } from 'antd';
import { specsQuery } from '@/api';
import { useTexts } from '@/i18n';

/** A job of the platform's own: its files, what is run of them, in which environment and size. */
export function JobFields() {
  const { retraining: t } = useTexts();
  const { data: specs } = useQuery(specsQuery);
  const lines = { minRows: 1, maxRows: 8 };
  return (
    <>
      <Files />
      <Form.Item name={['action', 'command']} label={t.command} extra={t.commandHint}>
        <Input.TextArea spellCheck={false} autoComplete="off" autoSize={lines} />
      </Form.Item>
      <Form.Item name={['action', 'requirements']} label={t.requirements} extra={t.requirementsHint}>
        <Input.TextArea spellCheck={false} autoComplete="off" autoSize={lines} />
      </Form.Item>
      <Form.Item name={['action', 'spec']} label={t.size}>
        <Select options={(specs ?? []).map(({ name }) => ({ value: name, label: name }))} />
      </Form.Item>
    </>
  );
}

function Files() {
  const { retraining: t } = useTexts();
  return (
    <Form.List name={['action', 'files']}>
      {(fields, { add, remove }) => (
        <>
          {fields.map(({ key, name }) => (
            <div key={key}>
              <Flex gap="small" align="end">
                <Form.Item name={[name, 'path']} label={t.file} style={{ flex: 1 }}>
                  <Input spellCheck={false} autoComplete="off" />
                </Form.Item>
                <Form.Item>
                  <Button icon={<DeleteOutlined />} aria-label={t.removeFile} onClick={() => remove(name)} />
                </Form.Item>
              </Flex>
              <Form.Item name={[name, 'text']} label={t.fileText}>
                <Input.TextArea
                  spellCheck={false}
                  autoSize={{ minRows: 3, maxRows: 14 }}
                  style={{ fontFamily: 'monospace' }}
                />
              </Form.Item>
            </div>
          ))}
          <Form.Item>
            <Button icon={<PlusOutlined />} onClick={() => add({ path: '', text: '' })}>
              {t.addFile}
            </Button>
          </Form.Item>
        </>
      )}
    </Form.List>
  );
}
