import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Collapse, Flex, Form, Input, Segmented, Select } from 'antd';
import { specsQuery } from '@/api';
import { EnvFields } from '@/components/version/EnvFields';
import { VersionPlace } from '@/components/version/place';
import { useTexts } from '@/i18n';
import type { TriggerValues } from './values';

/** A job of the platform's own: its files, what is run of them, in which environment and size. */
export function JobFields() {
  const { retraining: t } = useTexts();
  const { data: specs } = useQuery(specsQuery);
  const isProject = Form.useWatch(['action', 'isProject'], Form.useFormInstance<TriggerValues>()) === true;
  const lines = { minRows: 1, maxRows: 8 };
  return (
    <>
      <Files />
      <Form.Item name={['action', 'isProject']} label={t.runOfJob}>
        <Segmented
          block
          options={[
            { value: false, label: t.command },
            { value: true, label: t.mlflowProject },
          ]}
        />
      </Form.Item>
      {isProject ? (
        <ProjectFields />
      ) : (
        <Form.Item name={['action', 'command']} label={t.command} extra={t.commandHint}>
          <Input.TextArea spellCheck={false} autoComplete="off" autoSize={lines} />
        </Form.Item>
      )}
      <Form.Item name={['action', 'requirements']} label={t.requirements} extra={t.requirementsHint}>
        <Input.TextArea spellCheck={false} autoComplete="off" autoSize={lines} />
      </Form.Item>
      <Form.Item name={['action', 'spec']} label={t.size}>
        <Select options={(specs ?? []).map(({ name }) => ({ value: name, label: name }))} />
      </Form.Item>
      <Collapse
        size="small"
        style={{ marginBottom: 16 }}
        items={[{ key: 'more', label: t.moreOfJob, forceRender: true, children: <EnvironmentFields /> }]}
      />
    </>
  );
}

function EnvironmentFields() {
  const { retraining: t } = useTexts();
  return (
    <>
      <Form.Item
        name={['action', 'python']}
        label={t.python}
        extra={t.pythonHint}
        rules={[{ pattern: /^3\.\d{1,2}(\.\d{1,2})?$/, message: t.pythonHint }]}
      >
        <Input spellCheck={false} autoComplete="off" maxLength={16} />
      </Form.Item>
      <VersionPlace at={['action']}>
        <EnvFields />
      </VersionPlace>
    </>
  );
}

/** A project of MLflow: of the files above, or of a git repository. */
function ProjectFields() {
  const { retraining: t } = useTexts();
  const name = (field: string) => ['action', 'mlflow_project', field];
  const needed = [{ required: true, message: t.needed }];
  return (
    <>
      <Form.Item name={name('uri')} label={t.projectUri} extra={t.projectUriHint} rules={needed}>
        <Input spellCheck={false} autoComplete="off" maxLength={1024} />
      </Form.Item>
      <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', columnGap: 16 }}>
        <Form.Item name={name('entry_point')} label={t.fields.entrypoint} rules={needed}>
          <Input spellCheck={false} autoComplete="off" maxLength={100} />
        </Form.Item>
        <Form.Item name={name('version')} label={t.projectVersion}>
          <Input spellCheck={false} autoComplete="off" maxLength={200} />
        </Form.Item>
      </div>
      <Form.Item name={name('parameters')} label={t.parameters} extra={t.pairsHint}>
        <Input.TextArea spellCheck={false} autoComplete="off" autoSize={{ minRows: 1, maxRows: 6 }} />
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
                  <Input spellCheck={false} autoComplete="off" maxLength={256} />
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
