import { Form, Input, Radio, Select } from 'antd';
import { useTexts } from '@/i18n';
import { isNameTaken } from '../queries';
import type { StepProps } from './PublishForm';

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME_CHECK_MS = 400;

export function BasicsStep({ service, projects }: StepProps) {
  return (
    <>
      {service === '' && <ServiceFields projects={projects} />}
      <VersionFields />
    </>
  );
}

function ServiceFields({ projects }: { projects: readonly string[] }) {
  const t = useTexts().publish;
  const name = Form.useWatch('name') ?? '';
  const mustBeFree = async (_: unknown, value: string) => {
    if (NAME.test(value) && (await isNameTaken(value))) throw new Error(t.nameTaken);
  };
  return (
    <>
      <Form.Item label={t.kind}>
        <Radio.Group value="ml" options={[{ value: 'ml', label: t.kinds.ml }]} />
      </Form.Item>
      <Form.Item name="project" label={t.project} rules={[{ required: true, message: t.needed }]}>
        <Select options={projects.map((value) => ({ value, label: value }))} showSearch />
      </Form.Item>
      <Form.Item
        name="name"
        label={t.name}
        extra={t.nameHint(name)}
        hasFeedback
        validateDebounce={NAME_CHECK_MS}
        validateFirst
        rules={[
          { required: true, message: t.needed },
          { pattern: NAME, message: t.nameRule },
          { validator: mustBeFree },
        ]}
      >
        <Input autoComplete="off" spellCheck={false} maxLength={63} />
      </Form.Item>
      <Form.Item name="description" label={t.description}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={4000} />
      </Form.Item>
      <Form.Item name="tags" label={t.tags} extra={t.tagsHint}>
        <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[',']} />
      </Form.Item>
    </>
  );
}

function VersionFields() {
  const t = useTexts().publish;
  return (
    <>
      <Form.Item
        name={['version', 'name']}
        label={t.versionName}
        extra={t.versionNameHint}
        rules={[{ pattern: NAME, message: t.nameRule }]}
      >
        <Input autoComplete="off" spellCheck={false} maxLength={63} style={{ width: 240 }} />
      </Form.Item>
      <Form.Item name={['version', 'description']} label={t.versionDescription}>
        <Input.TextArea autoSize={{ minRows: 1, maxRows: 6 }} maxLength={4000} />
      </Form.Item>
    </>
  );
}
